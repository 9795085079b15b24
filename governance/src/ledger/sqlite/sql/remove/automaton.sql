DELETE FROM automata WHERE scope = ?1
