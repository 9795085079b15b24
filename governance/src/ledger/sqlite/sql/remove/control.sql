DELETE FROM controls WHERE target = ?1
