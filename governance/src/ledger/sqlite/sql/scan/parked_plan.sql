SELECT body, message, payload FROM parked WHERE plan = ?1 ORDER BY sequence
