SELECT body, before FROM effects WHERE execution = ?1 ORDER BY position
