SELECT body FROM evidence WHERE tree = (SELECT number FROM trees WHERE tree = ?1) ORDER BY number
