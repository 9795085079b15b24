DELETE FROM recorded WHERE key = ?1
