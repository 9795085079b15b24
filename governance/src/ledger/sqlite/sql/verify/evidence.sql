-- What was handed in, beside the stamp of its execution's outcome.
SELECT evidence.body, evidence.number, stamps.bytes
FROM evidence
LEFT JOIN executions ON executions.id = evidence.execution
LEFT JOIN stamps ON stamps.number = json_extract(executions.body, '$.stamp')
WHERE evidence.number > ?1 ORDER BY evidence.number LIMIT ?2
