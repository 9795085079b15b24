SELECT body FROM evidence WHERE execution = ?1
