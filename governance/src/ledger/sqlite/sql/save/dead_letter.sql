INSERT INTO dead_letters (execution, body, payload, event) VALUES (?1, ?2, ?3, ?4)
ON CONFLICT (execution) DO UPDATE SET
    body = excluded.body, payload = excluded.payload, event = excluded.event
