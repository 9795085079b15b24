SELECT body, message, payload FROM parked WHERE execution BETWEEN ?1 AND ?2 ORDER BY execution LIMIT ?3
