INSERT INTO parked
    (execution, sequence, tree, handler, wake_millis, claimed, lane, plan, scope, body, message, payload)
VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12)
ON CONFLICT (execution) DO UPDATE SET
    sequence = excluded.sequence, wake_millis = excluded.wake_millis, claimed = excluded.claimed,
    lane = excluded.lane, plan = excluded.plan, scope = excluded.scope, body = excluded.body,
    message = excluded.message, payload = excluded.payload
