INSERT INTO trees (tree) VALUES (?1)
