SELECT start, hashes FROM tiles WHERE level = ?1 AND number = ?2 ORDER BY start
