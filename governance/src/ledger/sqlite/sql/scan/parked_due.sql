-- The inner query reads the index alone, so that a long queue is sorted without its bytes.
SELECT body, message, payload FROM parked
WHERE execution IN (
    SELECT execution FROM parked WHERE handler = ?1 AND wake_millis <= ?2 ORDER BY sequence LIMIT ?3
)
ORDER BY sequence
