SELECT body FROM executions WHERE id = ?1
