INSERT INTO dead_letters (execution, body, payload) VALUES (?1, ?2, ?3)
ON CONFLICT (execution) DO UPDATE SET body = excluded.body, payload = excluded.payload
