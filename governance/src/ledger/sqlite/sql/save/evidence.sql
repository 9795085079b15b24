INSERT INTO evidence (execution, tree, body) VALUES (?1, ?2, ?3)
ON CONFLICT (execution) DO UPDATE SET body = excluded.body
