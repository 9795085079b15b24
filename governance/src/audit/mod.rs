//! P-05: stamps, the log that holds them, and its proofs.
//!
//! The log is a C2SP tlog: an RFC 6962 Merkle tree ([`tree`]) kept as tiles ([`tiles`]), from which
//! proofs are made and checked ([`proof`]). Everything here is pure: storing is the ledger's work.

pub mod proof;
#[cfg(test)]
mod testing;
pub mod tiles;
pub mod tree;
