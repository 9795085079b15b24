SELECT body, before FROM effects WHERE quarantined = 1 ORDER BY sequence LIMIT ?1
