SELECT body, payload, event FROM dead_letters
WHERE execution BETWEEN ?1 AND ?2 ORDER BY execution LIMIT ?3
