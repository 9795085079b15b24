//! RFC 6962 hashing, and the right edge of the tree that an append needs.

use std::fmt;

use sha2::{Digest as _, Sha256};

use crate::digest::Digest;

/// The largest tree that is read or written: what a signed 64-bit database integer can count.
pub const TREE_SIZE_MAX: u64 = i64::MAX as u64;

/// The height of a tile, C2SP tlog-tiles: 2^8 = 256 hashes.
pub(crate) const TILE_HEIGHT: u32 = 8;

/// The hash of one leaf: `SHA-256(0x00 ‖ bytes)` (RFC 6962, section 2.1).
pub fn leaf_hash(bytes: &[u8]) -> Digest {
    Digest::from(<[u8; 32]>::from(
        Sha256::new().chain_update([0x00]).chain_update(bytes).finalize(),
    ))
}

/// The hash of an inner node: `SHA-256(0x01 ‖ left ‖ right)` (RFC 6962, section 2.1).
pub fn node_hash(left: &Digest, right: &Digest) -> Digest {
    let hash = Sha256::new().chain_update([0x01]);
    Digest::from(<[u8; 32]>::from(
        hash.chain_update(left.as_bytes()).chain_update(right.as_bytes()).finalize(),
    ))
}

/// The root of a tree from the roots of its perfect subtrees, largest first; that of the empty
/// tree is the digest of no bytes.
pub(crate) fn root_of(peaks: &[Digest]) -> Digest {
    let folded = peaks.iter().rev().copied().reduce(|right, left| node_hash(&left, &right));
    folded.unwrap_or_else(|| Digest::of(b""))
}

/// A tile that an append filled; its `hash` is what the level above holds at place `index`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct FullTile {
    /// The tile's level; 0 holds leaf hashes.
    pub level: u8,
    /// The tile's index in its level.
    pub index: u64,
    /// The root of the tile's 256 hashes.
    pub hash: Digest,
}

/// The right edge of the tree: its size and the roots of its perfect subtrees, largest first.
///
/// This is all that an append and a root need: at most 63 hashes, one small row in the ledger.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Frontier {
    size: u64,
    peaks: Vec<Digest>,
}

impl Frontier {
    /// The edge of the empty tree.
    pub const fn new() -> Self {
        Self { size: 0, peaks: Vec::new() }
    }

    /// `peaks` are the roots of the perfect subtrees of a tree of `size` leaves.
    pub(crate) fn from_peaks(size: u64, peaks: Vec<Digest>) -> Self {
        debug_assert_eq!(peaks.len(), size.count_ones() as usize);
        Self { size, peaks }
    }

    /// The number of leaves.
    pub const fn size(&self) -> u64 {
        self.size
    }

    /// Appends one leaf by its hash and names the tiles that it filled, lowest level first (almost
    /// always none). A batch is appended with [`Frontier::append_all`].
    pub fn append(&mut self, leaf: Digest) -> Vec<FullTile> {
        let (mut full, mut hash, mut height) = (Vec::new(), leaf, 0);
        while self.size >> height & 1 == 1
            && let Some(left) = self.peaks.pop()
        {
            hash = node_hash(&left, &hash);
            height += 1;
            if height % TILE_HEIGHT == 0 {
                let level = (height / TILE_HEIGHT - 1) as u8;
                full.push(FullTile { level, index: self.size >> height, hash });
            }
        }
        self.peaks.push(hash);
        self.size += 1;
        full
    }

    /// The root of the tree (`MTH` in RFC 6962).
    pub fn root(&self) -> Digest {
        root_of(&self.peaks)
    }

    /// The size (8 bytes, big endian), then the hashes, largest subtree first.
    pub fn to_bytes(&self) -> Vec<u8> {
        let mut bytes = self.size.to_be_bytes().to_vec();
        bytes.extend(self.peaks.iter().flat_map(Digest::as_bytes));
        bytes
    }

    /// Reads what [`Frontier::to_bytes`] wrote.
    ///
    /// # Errors
    /// [`NotAFrontier`] where the size is not possible or the number of hashes does not fit it.
    /// Whether the hashes are the right ones shows only against a signed root.
    pub fn from_bytes(bytes: &[u8]) -> Result<Self, NotAFrontier> {
        let refuse = || NotAFrontier { bytes: bytes.len() };
        let (size, hashes) = bytes.split_first_chunk().ok_or_else(refuse)?;
        let size = u64::from_be_bytes(*size);
        let (hashes, rest) = hashes.as_chunks::<32>();
        if size > TREE_SIZE_MAX || !rest.is_empty() || hashes.len() != size.count_ones() as usize {
            return Err(refuse());
        }
        Ok(Self { size, peaks: hashes.iter().copied().map(Digest::from).collect() })
    }
}

/// The bytes are not those of a [`Frontier`].
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NotAFrontier {
    /// How many bytes were read.
    pub bytes: usize,
}

impl fmt::Display for NotAFrontier {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "{} bytes are not the right edge of a log: expected its size in 8 bytes, then 32 bytes \
             for each perfect subtree; rebuild it from the tiles",
            self.bytes
        )
    }
}

impl std::error::Error for NotAFrontier {}

#[cfg(test)]
mod tests {
    use super::*;

    /// The eight leaves and the roots of their prefixes, from the Certificate Transparency tests.
    const LEAVES: [&[u8]; 8] = [
        b"",
        b"\x00",
        b"\x10",
        b"\x20\x21",
        b"\x30\x31",
        b"\x40\x41\x42\x43",
        b"\x50\x51\x52\x53\x54\x55\x56\x57",
        b"\x60\x61\x62\x63\x64\x65\x66\x67\x68\x69\x6a\x6b\x6c\x6d\x6e\x6f",
    ];
    const ROOTS: [&str; 9] = [
        "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855",
        "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d",
        "fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125",
        "aeb6bcfe274b70a14fb067a5e5578264db0fa9b51af5e0ba159158f329e06e77",
        "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7",
        "4e3bbb1f7b478dcfe71fb631631519a3bca12c9aefca1612bfce4c13a86264d4",
        "76e67dadbcdf1e10e1b74ddc608abd2f98dfb16fbce75277b5232a127f2087ef",
        "ddb89be403809e325750d3d263cd78929c2942b7942a34b77e122c9594a74c8c",
        "5dc9da79a70659a9ad559cb701ded9a2ab9d823aad2f4960cfe370eff4604328",
    ];

    #[test]
    fn the_roots_are_those_of_certificate_transparency() {
        let mut frontier = Frontier::new();
        assert_eq!(frontier.root().to_string(), ROOTS[0]);
        for (leaf, root) in LEAVES.iter().zip(&ROOTS[1..]) {
            frontier.append(leaf_hash(leaf));
            assert_eq!(frontier.root().to_string(), *root, "size {}", frontier.size());
        }
    }

    #[test]
    fn bytes_round_trip_at_every_size() {
        let mut frontier = Frontier::new();
        for at in 0_u64..1_100 {
            assert_eq!(Frontier::from_bytes(&frontier.to_bytes()), Ok(frontier.clone()));
            frontier.append(leaf_hash(&at.to_be_bytes()));
        }
    }

    #[test]
    fn bytes_of_another_shape_are_refused() {
        let mut frontier = Frontier::new();
        (0..3).for_each(|_| assert!(frontier.append(leaf_hash(b"")).is_empty()));
        let bytes = frontier.to_bytes();
        for end in 0..bytes.len() {
            assert_eq!(Frontier::from_bytes(&bytes[..end]), Err(NotAFrontier { bytes: end }));
        }
        assert!(Frontier::from_bytes(&[&bytes[..], &[0]].concat()).is_err(), "a byte too many");
        assert!(Frontier::from_bytes(&[&bytes[..], &[0; 32]].concat()).is_err(), "a hash too many");
        let above_max = [&(1_u64 << 63).to_be_bytes()[..], &[7; 32]].concat();
        assert!(Frontier::from_bytes(&above_max).is_err(), "a size that no database can count");
    }

    #[test]
    fn a_filled_tile_is_named_with_its_root() {
        let (mut frontier, mut tile) = (Frontier::new(), Frontier::new());
        for at in 0_u64..65_536 {
            let leaf = leaf_hash(&at.to_be_bytes());
            if at % 256 == 0 {
                tile = Frontier::new();
            }
            tile.append(leaf);
            let full = frontier.append(leaf);
            let lowest = FullTile { level: 0, index: at / 256, hash: tile.root() };
            match (at + 1) % 65_536 {
                0 => {
                    let above = FullTile { level: 1, index: 0, hash: frontier.root() };
                    assert_eq!(full, [lowest, above]);
                }
                rest if rest % 256 == 0 => assert_eq!(full, [lowest]),
                _ => assert_eq!(full, []),
            }
        }
    }
}
