SELECT body FROM workers WHERE id = ?1
