SELECT body, payload, event FROM dead_letters WHERE execution = ?1
