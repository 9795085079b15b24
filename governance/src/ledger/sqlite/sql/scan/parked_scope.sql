SELECT body, message FROM parked WHERE scope = ?1 ORDER BY sequence
