INSERT INTO tiles (level, number, start, hashes) VALUES (?1, ?2, ?3, ?4)
