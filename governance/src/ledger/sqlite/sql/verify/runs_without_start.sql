-- What ran without a stamp before it (G1).
SELECT 'stamp ' || ended.number || ' says finished, and none before it says started'
FROM stamps AS ended
WHERE ended.kind = 'finished' AND NOT EXISTS (
    SELECT 1 FROM stamps AS began
    WHERE began.tree IS ended.tree AND began.execution = ended.execution AND began.kind = 'started'
        AND began.number < ended.number
)
LIMIT ?1
