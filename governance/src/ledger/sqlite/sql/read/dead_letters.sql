SELECT body, payload FROM dead_letters ORDER BY number DESC LIMIT ?1
