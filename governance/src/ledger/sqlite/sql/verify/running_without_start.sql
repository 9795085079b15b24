-- What runs now without a stamp (G1).
SELECT lower(hex(executions.id)) || ' has started without such a stamp'
FROM executions
LEFT JOIN stamps ON stamps.number = json_extract(body, '$.stamp')
WHERE open = 1 AND json_extract(body, '$.phase.phase') = 'started'
    AND (stamps.execution IS NOT executions.id OR stamps.kind IS NOT 'started')
LIMIT ?1
