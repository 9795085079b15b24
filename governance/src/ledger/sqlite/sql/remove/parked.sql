DELETE FROM parked WHERE execution = ?1
