INSERT INTO automata (scope, body) VALUES (?1, ?2)
ON CONFLICT (scope) DO UPDATE SET body = excluded.body
