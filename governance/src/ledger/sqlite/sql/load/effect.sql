SELECT body, before FROM effects WHERE execution = ?1 AND position = ?2
