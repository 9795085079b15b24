//! People who may approve, halt or roll back, and the keys they sign with.

use serde::Serialize;
use std::collections::BTreeSet;

/// A person, or a system that answers for one.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Principal {
    /// The name that stamps record.
    pub name: String,
    /// The Ed25519 public key as the contract writes it: standard base64.
    pub public_key_text: String,
    /// The same key, decoded.
    #[serde(skip)]
    pub public_key: [u8; 32],
    /// What the person may decide.
    pub roles: BTreeSet<String>,
}
