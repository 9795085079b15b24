SELECT stamps.number, stamps.at_millis, stamps.kind, stamps.execution, trees.tree, stamps.bytes
FROM stamps LEFT JOIN trees ON trees.number = stamps.tree
WHERE stamps.number >= ?1 ORDER BY stamps.number LIMIT ?2
