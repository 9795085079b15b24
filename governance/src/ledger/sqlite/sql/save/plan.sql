INSERT INTO plans (digest, asked_millis, open, body) VALUES (?1, ?2, ?3, ?4)
ON CONFLICT (digest) DO UPDATE SET open = excluded.open, body = excluded.body
