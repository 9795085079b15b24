INSERT INTO outbox (sequence, tree, open, body, message) VALUES (?1, ?2, ?3, ?4, ?5)
ON CONFLICT (sequence) DO UPDATE SET open = excluded.open, body = excluded.body, message = excluded.message
