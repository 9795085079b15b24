DELETE FROM plans WHERE digest = ?1
