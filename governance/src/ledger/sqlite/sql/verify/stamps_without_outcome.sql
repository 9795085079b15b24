-- Outcomes in the log that are not the one of their execution: none, or a second one (G3).
SELECT 'stamp ' || stamps.number || ' says ' || stamps.kind || ', and its execution does not'
FROM stamps
LEFT JOIN executions ON executions.id = stamps.execution
WHERE stamps.kind IN ('finished', 'refused', 'expired', 'dead_lettered')
    AND (executions.id IS NULL OR json_extract(body, '$.stamp') IS NOT stamps.number)
LIMIT ?1
