-- Executions that have an outcome which the log does not tell.
SELECT lower(hex(executions.id)) || ' is ' || json_extract(body, '$.phase.phase') || ' without such a stamp'
FROM executions
LEFT JOIN stamps ON stamps.number = json_extract(body, '$.stamp')
WHERE open = 0
    AND (stamps.execution IS NOT executions.id OR stamps.kind IS NOT json_extract(body, '$.phase.phase'))
LIMIT ?1
