SELECT EXISTS (SELECT 1 FROM parked WHERE handler = ?1 AND wake_millis <= ?2)
