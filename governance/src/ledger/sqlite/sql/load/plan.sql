SELECT body FROM plans WHERE digest = ?1
