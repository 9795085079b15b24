SELECT body, message FROM parked ORDER BY sequence LIMIT ?1
