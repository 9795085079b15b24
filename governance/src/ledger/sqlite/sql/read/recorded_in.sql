SELECT body FROM recorded WHERE tree = (SELECT number FROM trees WHERE tree = ?1) ORDER BY key
