//! What an append adds to the tiles: found from the frontier alone, without reading a tile.

use std::collections::BTreeMap;

use crate::audit::tiles::{TILE_WIDTH, TileId};
use crate::audit::tree::Frontier;
use crate::digest::Digest;

/// The hashes that an append adds to one tile. A store keeps the first `kept` hashes of the tile
/// that it has and puts `added` behind them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TileGrowth {
    /// The tile that grew.
    pub tile: TileId,
    /// How many hashes it had before; 0 means a new tile, with nothing to read or rewrite.
    pub kept: usize,
    /// The hashes that follow them; `kept + added.len()` is at most [`TILE_WIDTH`].
    pub added: Vec<Digest>,
}

impl Frontier {
    /// Appends a batch by its leaf hashes and says how the tiles grow, lowest level first.
    ///
    /// Costs the hashing of the new nodes; n leaves touch about n/256 + 2 tiles.
    pub fn append_all(&mut self, leaves: impl IntoIterator<Item = Digest>) -> Vec<TileGrowth> {
        let mut grown = BTreeMap::new();
        for leaf in leaves {
            put(&mut grown, 0, self.size(), leaf);
            for full in self.append(leaf) {
                put(&mut grown, full.level + 1, full.index, full.hash);
            }
        }
        grown.into_values().collect()
    }
}

/// Puts a hash at a place of a level; places come in ascending order.
fn put(grown: &mut BTreeMap<TileId, TileGrowth>, level: u8, place: u64, hash: Digest) {
    let width = TILE_WIDTH as u64;
    let tile = TileId { level, index: place / width };
    let kept = (place % width) as usize;
    let growth = grown.entry(tile).or_insert_with(|| TileGrowth { tile, kept, added: Vec::new() });
    growth.added.push(hash);
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::audit::testing::{MemoryTiles, leaves};
    use crate::audit::tiles::{Tiles, tiles_in};

    #[test]
    fn any_batching_gives_the_same_tiles() {
        for (size, batches) in [(2_000, &[1, 255, 256, 700][..]), (66_000, &[257])] {
            let all = leaves(size);
            let (at_once, frontier) = MemoryTiles::of(&all);
            for batch in batches {
                let (mut tiles, mut edge) = (MemoryTiles::default(), Frontier::new());
                for part in all.chunks(*batch) {
                    tiles.store(edge.append_all(part.iter().copied()));
                }
                assert_eq!(edge, frontier);
                assert_eq!(tiles, at_once, "batches of {batch}");
            }
        }
    }

    #[test]
    fn exactly_the_tiles_of_the_size_exist_with_their_widths() {
        for size in [0_u64, 1, 255, 256, 257, 511, 512, 65_536] {
            let (tiles, _) = MemoryTiles::of(&leaves(size as usize));
            assert_eq!(tiles.len(), tiles_in(size).count(), "size {size}");
            for tile in tiles_in(size) {
                let hashes = tiles.tile(tile).unwrap().unwrap();
                assert_eq!(hashes.len(), tile.width(size), "{tile:?} of {size}");
            }
        }
    }

    #[test]
    fn one_leaf_touches_one_tile_unless_it_fills_it() {
        let (_, mut frontier) = MemoryTiles::of(&leaves(254));
        let [leaf] = leaves(1)[..] else { unreachable!("one leaf was asked for") };
        let grown = frontier.append_all([leaf]);
        let tile = TileId { level: 0, index: 0 };
        assert_eq!(grown, [TileGrowth { tile, kept: 254, added: vec![leaf] }]);
        let grown = frontier.append_all([leaf]);
        assert_eq!(grown[0], TileGrowth { tile, kept: 255, added: vec![leaf] });
        let above = TileId { level: 1, index: 0 };
        assert_eq!(grown[1], TileGrowth { tile: above, kept: 0, added: vec![frontier.root()] });
        assert_eq!(frontier.append_all([]), []);
    }
}
