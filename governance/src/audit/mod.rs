//! P-05: stamps, the log that holds them, and its proofs.
//!
//! The log is a C2SP tlog: an RFC 6962 Merkle tree ([`tree`]) kept as tiles ([`tiles`]), whose head
//! is signed ([`checkpoint`]) as a note ([`note`]) with the log's key ([`key`]), and from which
//! proofs are made and checked ([`proof`]). Everything here is pure but the key files: storing is
//! the ledger's work.

mod account;
pub mod checkpoint;
mod coherence;
mod extract;
pub mod key;
pub mod note;
pub mod proof;
pub mod stamp;
#[cfg(test)]
mod testing;
pub mod tiles;
pub mod trace;
pub mod tree;

pub use account::Account;
pub use checkpoint::{Checkpoint, CheckpointError};
pub use coherence::{
    COHERENCE_BYTES_MAX, ClaimType, Coherence, SourceIntegrity, Uncertainty, UncertaintyLevel,
};
pub use extract::{Proofs, Proven};
pub use key::{KeyName, SigningKey, Verifier};
pub use tree::{Frontier, leaf_hash};
