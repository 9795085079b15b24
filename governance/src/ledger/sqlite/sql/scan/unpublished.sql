SELECT body, message FROM outbox WHERE open = 1 ORDER BY sequence LIMIT ?1
