INSERT INTO fences (tree, open, body) VALUES (?1, ?2, ?3)
ON CONFLICT (tree) DO UPDATE SET open = excluded.open, body = excluded.body
