SELECT body FROM fences ORDER BY tree
