INSERT INTO ledger (one, id, verifier) VALUES (1, ?1, NULL)
