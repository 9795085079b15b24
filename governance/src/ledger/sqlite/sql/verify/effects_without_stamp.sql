-- Tool calls that were not announced, by number (R3).
SELECT effects.total || ' effects and ' || logged.total || ' stamps that announce one'
FROM (SELECT count(*) AS total FROM effects) AS effects
JOIN (SELECT count(*) AS total FROM stamps WHERE kind = 'intended') AS logged
WHERE effects.total != logged.total
LIMIT ?1
