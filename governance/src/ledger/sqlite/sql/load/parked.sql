SELECT body, message FROM parked WHERE execution = ?1
