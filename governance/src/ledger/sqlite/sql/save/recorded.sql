INSERT INTO recorded (key, tree, body) VALUES (?1, ?2, ?3)
ON CONFLICT (key) DO UPDATE SET body = excluded.body
