SELECT body, message FROM parked WHERE plan = ?1 ORDER BY sequence
