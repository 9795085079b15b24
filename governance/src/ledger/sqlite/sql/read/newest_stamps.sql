SELECT stamps.number, stamps.at_millis, stamps.kind, stamps.execution, trees.tree, stamps.bytes
FROM stamps LEFT JOIN trees ON trees.number = stamps.tree
ORDER BY stamps.number DESC LIMIT ?1
