//! The tree as C2SP tlog-tiles (<https://c2sp.org/tlog-tiles>): where each hash is kept.
//!
//! A tile is 256 consecutive hashes of one level; level 0 holds leaf hashes, and each hash above is
//! the root of a full tile below. Tiles only grow, so a reader may be handed one that is wider than
//! its tree needs.

mod bundle;
mod growth;
mod reader;

use crate::audit::tree::TILE_HEIGHT;
use crate::digest::Digest;

pub use bundle::{ENTRY_BYTES_MAX, EntryTooLong, entry_bundle, entry_bundle_path};
pub use growth::TileGrowth;
pub(crate) use reader::Reader;
pub use reader::TilesError;

/// The number of hashes in a full tile.
pub const TILE_WIDTH: usize = 1 << TILE_HEIGHT;

/// Where stored tiles are read from.
pub trait Tiles {
    /// Why a read failed.
    type Error;

    /// The hashes that the tile has so far, at most [`TILE_WIDTH`]; `None` if there is no such tile.
    ///
    /// # Errors
    /// Whatever the storage reports.
    fn tile(&self, tile: TileId) -> Result<Option<Vec<Digest>>, Self::Error>;
}

/// Which tile.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct TileId {
    /// 0 holds leaf hashes.
    pub level: u8,
    /// The place in the level, from the left.
    pub index: u64,
}

impl TileId {
    /// How many hashes this tile has in a tree of `size` leaves: 0 to [`TILE_WIDTH`].
    pub fn width(self, size: u64) -> usize {
        let before = self.index.saturating_mul(TILE_WIDTH as u64);
        hashes_at(self.level, size).saturating_sub(before).min(TILE_WIDTH as u64) as usize
    }

    /// The path of this tile in a tree of `size` leaves, such as `tile/0/x001/234.p/5`; `None` if
    /// that tree has no such tile.
    pub fn path(self, size: u64) -> Option<String> {
        let suffix = width_suffix(self.width(size))?;
        Some(format!("tile/{}/{}{suffix}", self.level, index_path(self.index)))
    }
}

/// Every tile of a tree of `size` leaves, lowest level first: what an export writes.
pub fn tiles_in(size: u64) -> impl Iterator<Item = TileId> {
    (0..8_u8).flat_map(move |level| {
        (0..hashes_at(level, size).div_ceil(TILE_WIDTH as u64))
            .map(move |index| TileId { level, index })
    })
}

/// How many hashes a level has: one for each full tile of the level below.
fn hashes_at(level: u8, size: u64) -> u64 {
    size.checked_shr(u32::from(level) * TILE_HEIGHT).unwrap_or(0)
}

/// Groups of three digits, all but the last led by `x`: 1234067 is `x001/x234/067`.
fn index_path(index: u64) -> String {
    let mut path = format!("{:03}", index % 1_000);
    let mut rest = index / 1_000;
    while rest > 0 {
        path = format!("x{:03}/{path}", rest % 1_000);
        rest /= 1_000;
    }
    path
}

/// Nothing for a full tile, `.p/W` for a partial one; an empty one has no path.
fn width_suffix(width: usize) -> Option<String> {
    match width {
        0 => None,
        TILE_WIDTH => Some(String::new()),
        partial => Some(format!(".p/{partial}")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths_are_those_of_the_specification() {
        let path = |level, index, size| TileId { level, index }.path(size);
        assert_eq!(path(0, 0, 0), None);
        assert_eq!(path(0, 0, 1).unwrap(), "tile/0/000.p/1");
        assert_eq!(path(0, 0, 256).unwrap(), "tile/0/000");
        assert_eq!(path(1, 0, 256).unwrap(), "tile/1/000.p/1");
        assert_eq!(path(0, 1, 256), None);
        assert_eq!(path(0, 1_234, 1_234 * 256 + 5).unwrap(), "tile/0/x001/234.p/5");
        assert_eq!(path(0, 1_234_067, u64::MAX).unwrap(), "tile/0/x001/x234/067");
        assert_eq!(path(8, 0, u64::MAX), None);
    }

    #[test]
    fn a_tree_of_70000_has_the_tiles_that_the_specification_lists() {
        let tiles: Vec<_> = tiles_in(70_000).map(|tile| (tile, tile.width(70_000))).collect();
        let count = |level, width| {
            tiles.iter().filter(|(tile, w)| (tile.level, *w) == (level, width)).count()
        };
        assert_eq!(tiles.len(), 273 + 1 + 1 + 1 + 1);
        assert_eq!((count(0, 256), count(0, 112)), (273, 1));
        assert_eq!((count(1, 256), count(1, 17), count(2, 1)), (1, 1, 1));
        assert_eq!(tiles_in(0).count(), 0);
    }
}
