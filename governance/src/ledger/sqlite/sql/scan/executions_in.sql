SELECT body FROM executions WHERE tree = (SELECT number FROM trees WHERE tree = ?1) ORDER BY number
