//! Inclusion and consistency proofs (RFC 6962, section 2.1): made from tiles, checked from hashes.

mod make;
mod verify;

use std::fmt;

use serde::{Deserialize, Serialize};

use crate::digest::Digest;

pub use make::{ProofUnavailable, prove_consistency, prove_inclusion};
pub use verify::{ProofError, Tree, verify_consistency, verify_inclusion};

/// Shows that one leaf is in the tree of a checkpoint. As JSON: `leaf_index` and `tree_size`
/// (numbers) and `hashes` (64 hexadecimal digits each).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct InclusionProof {
    /// The leaf's place in the log, from 0.
    pub leaf_index: u64,
    /// The size of the tree whose root the proof leads to.
    pub tree_size: u64,
    /// The siblings on the way from the leaf to the root; at most 63.
    pub hashes: Vec<Digest>,
}

/// Shows that the tree of an older checkpoint is the beginning of a newer one's.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ConsistencyProof {
    /// The size of the older tree.
    pub old_size: u64,
    /// The size of the newer tree.
    pub new_size: u64,
    /// The hashes, in the order of RFC 6962.
    pub hashes: Vec<Digest>,
}

impl InclusionProof {
    /// Checks that the leaf with this hash is in the tree with this root.
    ///
    /// # Errors
    /// See [`verify_inclusion`].
    pub fn verify(&self, leaf: &Digest, root: &Digest) -> Result<(), ProofError> {
        verify_inclusion(self.leaf_index, self.tree_size, leaf, &self.hashes, root)
    }
}

impl ConsistencyProof {
    /// Checks that the tree with the old root is the beginning of the one with the new root.
    ///
    /// # Errors
    /// See [`verify_consistency`].
    pub fn verify(&self, old_root: &Digest, new_root: &Digest) -> Result<(), ProofError> {
        verify_consistency((self.old_size, old_root), (self.new_size, new_root), &self.hashes)
    }
}

impl fmt::Display for InclusionProof {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "leaf {} in the tree of {} leaves", self.leaf_index, self.tree_size)?;
        self.hashes.iter().try_for_each(|hash| writeln!(f, "  {hash}"))
    }
}

impl fmt::Display for ConsistencyProof {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "the tree of {} leaves begins that of {}", self.old_size, self.new_size)?;
        self.hashes.iter().try_for_each(|hash| writeln!(f, "  {hash}"))
    }
}

#[cfg(test)]
mod tests;
