SELECT body, message, payload FROM parked
WHERE handler = ?1 AND lane = ?2 AND (?3 OR scope IS NULL)
ORDER BY claimed DESC, sequence LIMIT ?4
