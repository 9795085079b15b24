SELECT body, message FROM outbox WHERE tree = (SELECT number FROM trees WHERE tree = ?1) ORDER BY sequence
