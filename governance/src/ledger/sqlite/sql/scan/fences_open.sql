SELECT body FROM fences WHERE open = 1 ORDER BY tree
