SELECT
    (SELECT count(*) FROM executions WHERE open = 1),
    (SELECT count(*) FROM outbox WHERE open = 1),
    (SELECT count(*) FROM parked),
    (SELECT count(*) FROM effects WHERE open = 1),
    (SELECT count(*) FROM fences WHERE open = 1)
