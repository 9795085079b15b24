SELECT body, payload FROM dead_letters WHERE execution = ?1
