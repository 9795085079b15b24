SELECT number FROM trees WHERE tree = ?1
