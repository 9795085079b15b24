UPDATE ledger SET verifier = ?1 WHERE one = 1
