SELECT id, verifier FROM ledger WHERE one = 1
