SELECT body FROM workers ORDER BY id
