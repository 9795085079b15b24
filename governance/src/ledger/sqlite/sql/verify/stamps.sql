SELECT number, at_millis, kind, execution, bytes FROM stamps WHERE number >= ?1 ORDER BY number LIMIT ?2
