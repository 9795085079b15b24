//! Making proofs: which ranges of leaves a proof names (RFC 6962, sections 2.1.1 and 2.1.2), and
//! their hashes from tiles.

use std::fmt;

use crate::audit::proof::{ConsistencyProof, InclusionProof};
use crate::audit::tiles::{Reader, Tiles, TilesError};
use crate::digest::Digest;

/// A run of leaves, end excluded.
type Range = (u64, u64);

/// Proves that the leaf at `leaf_index` is in the tree of the first `tree_size` leaves.
///
/// Reads each tile on the leaf's path and on the right edge once: O(log n). The tiles are believed;
/// check the proof against a signed root before it is handed out.
///
/// # Errors
/// [`ProofUnavailable`] where there is no such leaf in that tree, or the tiles do not give it.
pub fn prove_inclusion<T: Tiles>(
    tiles: &T,
    leaf_index: u64,
    tree_size: u64,
) -> Result<InclusionProof, ProofUnavailable<T::Error>> {
    if leaf_index >= tree_size {
        return Err(ProofUnavailable::NoSuchLeaf { leaf_index, tree_size });
    }
    let hashes = hashes(tiles, inclusion_ranges(leaf_index, tree_size))?;
    Ok(InclusionProof { leaf_index, tree_size, hashes })
}

/// Proves that the tree of the first `old_size` leaves is the beginning of that of the first
/// `new_size`. The proof has no hashes where the sizes are equal or the old tree is empty.
///
/// # Errors
/// [`ProofUnavailable`] where the old tree is the larger one, or the tiles do not give the hashes.
pub fn prove_consistency<T: Tiles>(
    tiles: &T,
    old_size: u64,
    new_size: u64,
) -> Result<ConsistencyProof, ProofUnavailable<T::Error>> {
    if old_size > new_size {
        return Err(ProofUnavailable::Shrinking { old_size, new_size });
    }
    let ranges = if old_size == 0 { Vec::new() } else { consistency_ranges(old_size, new_size) };
    Ok(ConsistencyProof { old_size, new_size, hashes: hashes(tiles, ranges)? })
}

/// `PATH(m, D[n])`, from the leaf up.
fn inclusion_ranges(index: u64, size: u64) -> Vec<Range> {
    let (mut ranges, mut start, mut end) = (Vec::new(), 0, size);
    while end - start > 1 {
        let middle = start + split(end - start);
        if index < middle {
            ranges.push((middle, end));
            end = middle;
        } else {
            ranges.push((start, middle));
            start = middle;
        }
    }
    ranges.reverse();
    ranges
}

/// `PROOF(m, D[n])`, from the old tree's edge up; `old` is at least 1 and at most `new`.
fn consistency_ranges(old: u64, new: u64) -> Vec<Range> {
    let (mut ranges, mut start, mut end) = (Vec::new(), 0, new);
    while old < end {
        let middle = start + split(end - start);
        if old <= middle {
            ranges.push((middle, end));
            end = middle;
        } else {
            ranges.push((start, middle));
            start = middle;
        }
    }
    // A subtree that begins at leaf 0 is the old tree itself, whose root the verifier has.
    if start > 0 {
        ranges.push((start, end));
    }
    ranges.reverse();
    ranges
}

/// The largest power of two below `count`, which is at least 2.
const fn split(count: u64) -> u64 {
    1 << (count - 1).ilog2()
}

fn hashes<T: Tiles>(tiles: &T, ranges: Vec<Range>) -> Result<Vec<Digest>, TilesError<T::Error>> {
    let mut reader = Reader::new(tiles);
    ranges.into_iter().map(|(start, end)| reader.range(start, end)).collect()
}

/// No such proof can be made.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ProofUnavailable<E> {
    /// The tree has no leaf of that index.
    NoSuchLeaf {
        /// What was asked for.
        leaf_index: u64,
        /// The size of the tree.
        tree_size: u64,
    },
    /// The old tree is larger than the new one.
    Shrinking {
        /// The size of the older tree.
        old_size: u64,
        /// The size of the newer tree.
        new_size: u64,
    },
    /// The stored tiles do not give the hashes.
    Tiles(TilesError<E>),
}

impl<E> From<TilesError<E>> for ProofUnavailable<E> {
    fn from(error: TilesError<E>) -> Self {
        Self::Tiles(error)
    }
}

impl<E: fmt::Display> fmt::Display for ProofUnavailable<E> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NoSuchLeaf { leaf_index, tree_size } => {
                write!(f, "there is no leaf {leaf_index} in a tree of {tree_size} leaves")
            }
            Self::Shrinking { old_size, new_size } => {
                write!(
                    f,
                    "a tree of {old_size} leaves cannot be the beginning of one of {new_size}"
                )
            }
            Self::Tiles(error) => write!(f, "no proof: {error}"),
        }
    }
}

impl<E: std::error::Error + 'static> std::error::Error for ProofUnavailable<E> {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        match self {
            Self::NoSuchLeaf { .. } | Self::Shrinking { .. } => None,
            Self::Tiles(error) => Some(error),
        }
    }
}
