SELECT body FROM automata WHERE scope = ?1
