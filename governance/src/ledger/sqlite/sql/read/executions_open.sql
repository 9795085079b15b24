SELECT body FROM executions WHERE open = 1 ORDER BY number
