SELECT body, before FROM effects
WHERE tree = (SELECT number FROM trees WHERE tree = ?1) ORDER BY sequence
