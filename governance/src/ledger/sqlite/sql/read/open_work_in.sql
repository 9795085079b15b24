SELECT
    (SELECT count(*) FROM executions WHERE open = 1 AND tree = named.number),
    (SELECT count(*) FROM outbox WHERE open = 1 AND tree = named.number),
    (SELECT count(*) FROM parked WHERE tree = named.number),
    (SELECT count(*) FROM effects WHERE open = 1 AND tree = named.number),
    (SELECT count(*) FROM fences WHERE open = 1 AND tree = named.tree)
FROM trees AS named WHERE named.tree = ?1
