//! Leaves, tiles in memory, keys and scratch directories for the tests of this module.

use std::collections::BTreeMap;
use std::convert::Infallible;
use std::path::{Path, PathBuf};

use crate::audit::key::SigningKey;
use crate::audit::tiles::{TileGrowth, TileId, Tiles};
use crate::audit::tree::{Frontier, leaf_hash};
use crate::digest::Digest;

/// The hashes of `count` different leaves.
pub(crate) fn leaves(count: usize) -> Vec<Digest> {
    (0..count as u64).map(|at| leaf_hash(&at.to_be_bytes())).collect()
}

/// Random numbers of a printed seed (SplitMix64).
pub(crate) struct Random(u64);

impl Random {
    /// Seeded from the system; the seed is printed, so that a failure can be repeated with `Random(seed)`.
    pub(crate) fn new() -> Self {
        let seed = getrandom::u64().expect("the system has random numbers");
        println!("seed {seed}");
        Self(seed)
    }

    /// A number below `end`.
    pub(crate) fn below(&mut self, end: u64) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mixed = (self.0 ^ (self.0 >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        let mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        (mixed ^ (mixed >> 31)) % end
    }
}

/// The digest with one bit changed.
pub(crate) fn flip(digest: &Digest, bit: usize) -> Digest {
    let mut bytes = *digest.as_bytes();
    bytes[bit / 8] ^= 1 << (bit % 8);
    Digest::from(bytes)
}

/// Tiles as a ledger stores them.
#[derive(Debug, Default, PartialEq)]
pub(crate) struct MemoryTiles(BTreeMap<TileId, Vec<Digest>>);

impl MemoryTiles {
    /// The tiles and the frontier of a tree.
    pub(crate) fn of(leaves: &[Digest]) -> (Self, Frontier) {
        let (mut tiles, mut frontier) = (Self::default(), Frontier::new());
        tiles.store(frontier.append_all(leaves.iter().copied()));
        (tiles, frontier)
    }

    /// Stores what an append changed.
    pub(crate) fn store(&mut self, grown: Vec<TileGrowth>) {
        for TileGrowth { tile, kept, added } in grown {
            let hashes = self.0.entry(tile).or_default();
            assert_eq!(hashes.len(), kept, "{tile:?} grew from another width");
            hashes.extend(added);
        }
    }

    /// How many tiles there are.
    pub(crate) fn len(&self) -> usize {
        self.0.len()
    }
}

impl Tiles for MemoryTiles {
    type Error = Infallible;

    fn tile(&self, tile: TileId) -> Result<Option<Vec<Digest>>, Infallible> {
        Ok(self.0.get(&tile).cloned())
    }
}

/// A key that is kept nowhere.
pub(crate) fn key(name: &str) -> SigningKey {
    SigningKey::generate(name.parse().expect("a key name")).expect("a key")
}

/// A directory of one test, removed with its files at the end.
pub(crate) struct Scratch(PathBuf);

impl Scratch {
    pub(crate) fn new() -> Self {
        let unique = getrandom::u64().expect("the system has random numbers");
        let path = std::env::temp_dir().join(format!("wingman-audit-{unique:016x}"));
        std::fs::create_dir(&path).expect("a new directory");
        Self(path)
    }

    pub(crate) fn path(&self) -> &Path {
        &self.0
    }
}

impl Drop for Scratch {
    fn drop(&mut self) {
        // A directory that stays behind does no harm.
        let _ = std::fs::remove_dir_all(&self.0);
    }
}
