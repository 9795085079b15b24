SELECT body, message FROM parked WHERE handler = ?1 AND lane = ?2 ORDER BY sequence LIMIT ?3
