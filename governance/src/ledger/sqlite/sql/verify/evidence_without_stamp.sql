-- Finishes that commit to what was handed in, and the rows that hold it, by number (P-05).
SELECT logged.total || ' finishes that commit to evidence and ' || kept.total || ' rows that hold it'
FROM (
    SELECT count(*) AS total FROM stamps
    WHERE kind = 'finished' AND (
        instr(bytes, CAST(char(10) || 'coherence ' AS BLOB)) > 0
        OR instr(bytes, CAST(char(10) || 'artifact ' AS BLOB)) > 0
    )
) AS logged
JOIN (SELECT count(*) AS total FROM evidence) AS kept
WHERE logged.total != kept.total
LIMIT ?1
