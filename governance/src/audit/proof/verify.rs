//! Checking proofs: free functions that need hashes and sizes only (RFC 9162, sections 2.1.3.2 and
//! 2.1.4.2, with the path read off the bits of index and size).

use std::fmt;

use crate::audit::tree::{node_hash, root_of};
use crate::digest::Digest;

/// Checks that the leaf with hash `leaf` is at `leaf_index` of the tree of `tree_size` leaves whose
/// root is `root`. A leaf's hash is [`leaf_hash`](crate::audit::tree::leaf_hash) of its bytes.
///
/// # Errors
/// [`ProofError`]: the index is outside the tree, the number of hashes is not the one that index
/// and size call for, or the path leads to another root.
pub fn verify_inclusion(
    leaf_index: u64,
    tree_size: u64,
    leaf: &Digest,
    hashes: &[Digest],
    root: &Digest,
) -> Result<(), ProofError> {
    if leaf_index >= tree_size {
        return Err(ProofError::IndexOutside { leaf_index, tree_size });
    }
    let path = Path::of(leaf_index, tree_size);
    expect_length(hashes, path.length())?;
    let found = path.climb(*leaf, hashes, Join::All);
    expect_root(Tree::Only, &found, root)
}

/// Checks that the tree of `old.0` leaves with root `old.1` is the beginning of the tree of `new.0`
/// leaves with root `new.1`.
///
/// # Errors
/// [`ProofError`]: the old tree is the larger one, the number of hashes is not the one that the
/// sizes call for, or they lead to another old or new root.
pub fn verify_consistency(
    old: (u64, &Digest),
    new: (u64, &Digest),
    hashes: &[Digest],
) -> Result<(), ProofError> {
    let ((old_size, old_root), (new_size, new_root)) = (old, new);
    if old_size > new_size {
        return Err(ProofError::Shrinking { old_size, new_size });
    }
    if old_size == 0 {
        expect_length(hashes, 0)?;
        return expect_root(Tree::Old, &root_of(&[]), old_root);
    }
    if old_size == new_size {
        expect_length(hashes, 0)?;
        return expect_root(Tree::Old, new_root, old_root);
    }
    // The climb begins at the largest perfect subtree that ends the old tree.
    let height = old_size.trailing_zeros();
    let path = Path::of((old_size - 1) >> height, ((new_size - 1) >> height) + 1);
    // If it is the whole old tree, the proof leaves it out: the verifier knows its root.
    let whole = old_size.is_power_of_two();
    expect_length(hashes, path.length() + usize::from(!whole))?;
    let (start, rest) = match hashes.split_first() {
        Some((first, rest)) if !whole => (*first, rest),
        _ => (*old_root, hashes),
    };
    expect_root(Tree::Old, &path.climb(start, rest, Join::LeftOnly), old_root)?;
    expect_root(Tree::New, &path.climb(start, rest, Join::All), new_root)
}

/// The way from a node to the root: the bits of `index` say on which side each sibling stands.
struct Path {
    index: u64,
    /// Below this height every node has a sibling.
    inner: u32,
    /// Above it, on the tree's right edge, only siblings to the left exist.
    border: u32,
}

/// Which siblings take part: those to the right came after the old tree.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Join {
    All,
    LeftOnly,
}

impl Path {
    /// The path of the `index`-th of `size` nodes of one height; `index` is below `size`.
    const fn of(index: u64, size: u64) -> Self {
        let inner = u64::BITS - (index ^ (size - 1)).leading_zeros();
        let border = match index.checked_shr(inner) {
            Some(above) => above.count_ones(),
            None => 0,
        };
        Self { index, inner, border }
    }

    const fn length(&self) -> usize {
        (self.inner + self.border) as usize
    }

    /// `siblings` are as many as [`Path::length`].
    fn climb(&self, start: Digest, siblings: &[Digest], join: Join) -> Digest {
        let (inner, border) = siblings.split_at(self.inner as usize);
        let below = inner.iter().enumerate().fold(start, |node, (height, sibling)| {
            match (self.index >> height & 1 == 1, join) {
                (true, Join::All | Join::LeftOnly) => node_hash(sibling, &node),
                (false, Join::All) => node_hash(&node, sibling),
                (false, Join::LeftOnly) => node,
            }
        });
        border.iter().fold(below, |node, sibling| node_hash(sibling, &node))
    }
}

fn expect_length(hashes: &[Digest], expected: usize) -> Result<(), ProofError> {
    let found = hashes.len();
    if found == expected { Ok(()) } else { Err(ProofError::Length { expected, found }) }
}

fn expect_root(tree: Tree, found: &Digest, expected: &Digest) -> Result<(), ProofError> {
    let (found, expected) = (*found, *expected);
    if found == expected { Ok(()) } else { Err(ProofError::Root { tree, expected, found }) }
}

/// Whose root a proof failed to lead to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Tree {
    /// The tree of an inclusion proof.
    Only,
    /// The older tree of a consistency proof.
    Old,
    /// The newer tree of a consistency proof.
    New,
}

/// The proof does not hold.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ProofError {
    /// The tree has no leaf of that index.
    IndexOutside {
        /// The index that the proof claims.
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
    /// The proof has another number of hashes than index and sizes call for.
    Length {
        /// How many hashes such a proof has.
        expected: usize,
        /// How many this one has.
        found: usize,
    },
    /// The hashes lead to another root: leaf, proof or root was changed.
    Root {
        /// Whose root.
        tree: Tree,
        /// The root that was to be reached.
        expected: Digest,
        /// The root that was reached.
        found: Digest,
    },
}

impl fmt::Display for Tree {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Only => "tree",
            Self::Old => "older tree",
            Self::New => "newer tree",
        })
    }
}

impl fmt::Display for ProofError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::IndexOutside { leaf_index, tree_size } => {
                write!(f, "leaf {leaf_index} is outside a tree of {tree_size} leaves")
            }
            Self::Shrinking { old_size, new_size } => {
                write!(f, "the log shrank from {old_size} to {new_size} leaves")
            }
            Self::Length { expected, found } => {
                write!(f, "the proof has {found} hashes where {expected} are called for")
            }
            Self::Root { tree, expected, found } => {
                write!(f, "the proof leads to root {found}, but the {tree} has root {expected}")
            }
        }
    }
}

impl std::error::Error for ProofError {}
