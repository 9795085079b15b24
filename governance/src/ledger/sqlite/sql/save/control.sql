INSERT INTO controls (target, body) VALUES (?1, ?2)
ON CONFLICT (target) DO UPDATE SET body = excluded.body
