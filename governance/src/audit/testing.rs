//! Tiles in memory and leaves to fill them, for the tests of this module.

use std::collections::BTreeMap;
use std::convert::Infallible;

use crate::audit::tiles::{TileGrowth, TileId, Tiles};
use crate::audit::tree::{Frontier, leaf_hash};
use crate::digest::Digest;

/// The hashes of `count` different leaves.
pub(crate) fn leaves(count: usize) -> Vec<Digest> {
    (0..count as u64)
        .map(|at| leaf_hash(&at.to_be_bytes()))
        .collect()
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
