//! A ledger's identity.

use std::fmt;

use serde::{Deserialize, Serialize};

use crate::digest::Digest;

/// The identity of a ledger: random, made with it, named by the first stamp of its log.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct LedgerId(pub Digest);

impl LedgerId {
    /// The first six hexadecimal digits: part of the log's name, and a prefix for topics and groups
    /// that belong to one ledger.
    pub fn short(&self) -> String {
        self.0.to_string()[..6].to_owned()
    }

    /// The name of the log and of the key that signs its checkpoints.
    pub fn origin(&self) -> String {
        format!("wingman-ledger-{}", self.short())
    }
}

impl fmt::Display for LedgerId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}
