DELETE FROM fences WHERE tree = ?1
