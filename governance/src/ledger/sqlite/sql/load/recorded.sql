SELECT body FROM recorded WHERE key = ?1
