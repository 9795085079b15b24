SELECT body, message, payload FROM parked WHERE execution = ?1
