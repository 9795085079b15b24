SELECT body, message, payload FROM parked WHERE scope = ?1 ORDER BY sequence
