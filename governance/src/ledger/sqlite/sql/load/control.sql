SELECT body FROM controls WHERE target = ?1
