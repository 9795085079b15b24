SELECT body, payload, event FROM dead_letters ORDER BY number DESC LIMIT ?1
