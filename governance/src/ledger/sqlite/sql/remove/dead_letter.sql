DELETE FROM dead_letters WHERE execution = ?1
