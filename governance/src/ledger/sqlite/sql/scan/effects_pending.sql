SELECT body, before FROM effects WHERE pending = 1 ORDER BY sequence DESC LIMIT ?1
