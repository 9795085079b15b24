SELECT body, message FROM outbox WHERE sequence = ?1
