INSERT INTO head (one, turn, at_millis, frontier) VALUES (1, ?1, ?2, ?3)
ON CONFLICT (one) DO UPDATE SET
    turn = excluded.turn, at_millis = excluded.at_millis, frontier = excluded.frontier
