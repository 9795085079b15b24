SELECT body, message, payload FROM parked ORDER BY sequence LIMIT ?1
