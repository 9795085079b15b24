-- Outputs whose end the log tells another way, by number.
SELECT states.kind || ': ' || states.total || ' outputs and ' || logged.total || ' stamps'
FROM (
    SELECT 'emitted' AS kind, coalesce(sum(json_extract(body, '$.state') = 'published'), 0) AS total FROM outbox
    UNION ALL
    SELECT 'withheld', coalesce(sum(json_extract(body, '$.state') = 'withheld'), 0) FROM outbox
    UNION ALL
    SELECT 'undeliverable', coalesce(sum(json_extract(body, '$.state') = 'undeliverable'), 0) FROM outbox
) AS states
JOIN (
    SELECT 'emitted' AS kind, count(*) AS total FROM stamps WHERE kind = 'emitted'
    UNION ALL
    SELECT 'withheld', count(*) FROM stamps WHERE kind = 'withheld'
    UNION ALL
    SELECT 'undeliverable', count(*) FROM stamps WHERE kind = 'undeliverable'
) AS logged ON logged.kind = states.kind
WHERE states.total != logged.total
LIMIT ?1
