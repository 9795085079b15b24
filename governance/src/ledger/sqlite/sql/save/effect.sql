INSERT INTO effects (sequence, execution, position, tree, open, pending, quarantined, body, before)
VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9)
ON CONFLICT (execution, position) DO UPDATE SET
    open = excluded.open, pending = excluded.pending, quarantined = excluded.quarantined,
    body = excluded.body, before = excluded.before
