SELECT body FROM controls ORDER BY target
