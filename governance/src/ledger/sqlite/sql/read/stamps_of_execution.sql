-- Those of the execution's tree, and those that were logged without one.
SELECT number, at_millis, kind, execution, NULL, bytes FROM (
    SELECT stamps.* FROM executions JOIN stamps ON stamps.tree = executions.tree
    WHERE executions.id = ?1 AND stamps.execution = ?1
    UNION ALL
    SELECT * FROM stamps WHERE tree IS NULL AND execution = ?1
)
ORDER BY number LIMIT ?2
