SELECT body FROM fences WHERE tree = ?1
