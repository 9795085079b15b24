SELECT stamps.number, stamps.at_millis, stamps.kind, stamps.execution, trees.tree, stamps.bytes
FROM trees JOIN stamps ON stamps.tree = trees.number
WHERE trees.tree = ?1 AND stamps.number >= ?2 ORDER BY stamps.number LIMIT ?3
