INSERT INTO stamps (number, at_millis, kind, execution, tree, bytes) VALUES (?1, ?2, ?3, ?4, ?5, ?6)
