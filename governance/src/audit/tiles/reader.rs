//! Hashes of subtrees and of whole trees, read from tiles.

use std::collections::BTreeMap;
use std::fmt;

use crate::audit::tiles::{TILE_WIDTH, TileId, Tiles};
use crate::audit::tree::{Frontier, TILE_HEIGHT, node_hash, root_of};
use crate::digest::Digest;

impl Frontier {
    /// The right edge of the tree of the first `size` leaves, and with it its root, from stored
    /// tiles: one tile read for each level and subtree, at most 16.
    ///
    /// # Errors
    /// [`TilesError`] where a tile cannot be read, is missing, or is narrower than `size` needs.
    pub fn from_tiles<T: Tiles>(tiles: &T, size: u64) -> Result<Self, TilesError<T::Error>> {
        Ok(Self::from_peaks(size, Reader::new(tiles).peaks(0, size)?))
    }
}

/// Reads each tile at most once.
pub(crate) struct Reader<'a, T> {
    tiles: &'a T,
    read: BTreeMap<TileId, Vec<Digest>>,
}

impl<'a, T: Tiles> Reader<'a, T> {
    pub(crate) const fn new(tiles: &'a T) -> Self {
        Self { tiles, read: BTreeMap::new() }
    }

    /// `MTH(D[start:end])`: `start` must be where RFC 6962 splits a tree that reaches past `end`.
    pub(crate) fn range(&mut self, start: u64, end: u64) -> Result<Digest, TilesError<T::Error>> {
        Ok(root_of(&self.peaks(start, end)?))
    }

    /// The roots of the perfect subtrees that make up `start..end`, largest first.
    fn peaks(&mut self, mut start: u64, end: u64) -> Result<Vec<Digest>, TilesError<T::Error>> {
        let mut peaks = Vec::new();
        while start < end {
            let height = (end - start).ilog2();
            peaks.push(self.subtree(height, start >> height)?);
            start += 1 << height;
        }
        Ok(peaks)
    }

    /// The root of the perfect subtree of 2^`height` leaves, the `index`-th from the left.
    fn subtree(&mut self, height: u32, index: u64) -> Result<Digest, TilesError<T::Error>> {
        let inside = height % TILE_HEIGHT;
        let place = index << inside;
        let tile = TileId { level: (height / TILE_HEIGHT) as u8, index: place / TILE_WIDTH as u64 };
        let first = (place % TILE_WIDTH as u64) as usize;
        let needed = first + (1 << inside);
        let hashes = self.hashes(tile)?;
        let found = hashes.len();
        let mut row =
            hashes.get(first..needed).ok_or(TilesError::Short { tile, needed, found })?.to_vec();
        while row.len() > 1 {
            row = row.chunks_exact(2).map(|pair| node_hash(&pair[0], &pair[1])).collect();
        }
        Ok(row[0])
    }

    fn hashes(&mut self, tile: TileId) -> Result<&[Digest], TilesError<T::Error>> {
        if !self.read.contains_key(&tile) {
            let hashes = self.tiles.tile(tile).map_err(TilesError::Read)?;
            self.read.insert(tile, hashes.ok_or(TilesError::Missing { tile })?);
        }
        Ok(&self.read[&tile])
    }
}

/// The stored tiles do not give the hashes that a tree of that size has.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum TilesError<E> {
    /// The storage failed.
    Read(E),
    /// The tree of that size has this tile, the storage has not.
    Missing {
        /// The tile.
        tile: TileId,
    },
    /// The tile has fewer hashes than a tree of that size needs.
    Short {
        /// The tile.
        tile: TileId,
        /// How many hashes were needed, at least.
        needed: usize,
        /// How many it has.
        found: usize,
    },
}

impl<E: fmt::Display> fmt::Display for TilesError<E> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Read(error) => write!(f, "a tile of the log cannot be read: {error}"),
            Self::Missing { tile: TileId { level, index } } => {
                write!(f, "tile {index} of level {level} is missing: rebuild the tiles")
            }
            Self::Short { tile: TileId { level, index }, needed, found } => write!(
                f,
                "tile {index} of level {level} has {found} hashes where {needed} are needed: the \
                 log is shorter than was asked for, or its tiles must be rebuilt"
            ),
        }
    }
}

impl<E: std::error::Error + 'static> std::error::Error for TilesError<E> {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        match self {
            Self::Read(error) => Some(error),
            Self::Missing { .. } | Self::Short { .. } => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::audit::testing::{MemoryTiles, leaves};

    #[test]
    fn every_earlier_edge_can_be_read_from_later_tiles() {
        let all = leaves(66_100);
        let (tiles, _) = MemoryTiles::of(&all);
        let mut frontier = Frontier::new();
        for leaf in &all {
            if frontier.size() < 600 || frontier.size() > 65_400 {
                assert_eq!(Frontier::from_tiles(&tiles, frontier.size()), Ok(frontier.clone()));
            }
            frontier.append(*leaf);
        }
    }

    #[test]
    fn more_than_is_stored_is_an_error_that_names_the_tile() {
        let (tiles, _) = MemoryTiles::of(&leaves(5));
        let tile = TileId { level: 0, index: 0 };
        assert_eq!(
            Frontier::from_tiles(&tiles, 7),
            Err(TilesError::Short { tile, needed: 6, found: 5 })
        );
        let tile = TileId { level: 1, index: 0 };
        assert_eq!(Frontier::from_tiles(&tiles, 257), Err(TilesError::Missing { tile }));
    }

    #[test]
    fn a_failing_storage_is_reported() {
        struct Broken;
        impl Tiles for Broken {
            type Error = &'static str;
            fn tile(&self, _: TileId) -> Result<Option<Vec<Digest>>, &'static str> {
                Err("no disk")
            }
        }
        assert_eq!(Frontier::from_tiles(&Broken, 1), Err(TilesError::Read("no disk")));
    }
}
