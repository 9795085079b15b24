SELECT body FROM plans WHERE open = 1 ORDER BY asked_millis
