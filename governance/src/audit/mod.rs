//! P-05: stamps, the log that holds them, and its proofs.
