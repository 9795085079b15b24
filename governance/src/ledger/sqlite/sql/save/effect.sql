INSERT INTO effects (sequence, execution, position, tree, open, pending, body, before)
VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8)
ON CONFLICT (execution, position) DO UPDATE SET
    open = excluded.open, pending = excluded.pending, body = excluded.body, before = excluded.before
