INSERT INTO executions (id, tree, open, body) VALUES (?1, ?2, ?3, ?4)
ON CONFLICT (id) DO UPDATE SET open = excluded.open, body = excluded.body
