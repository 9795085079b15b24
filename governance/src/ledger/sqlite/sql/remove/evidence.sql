DELETE FROM evidence WHERE execution = ?1
