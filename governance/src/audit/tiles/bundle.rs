//! Entry bundles: the leaves themselves, 256 to a file, as C2SP tlog-tiles serves them.

use std::fmt;

use crate::audit::tiles::{TileId, index_path, width_suffix};

/// The longest entry that a bundle can hold, in bytes: its length is written in 16 bits.
pub const ENTRY_BYTES_MAX: usize = u16::MAX as usize;

/// The bytes of a bundle: each entry behind its length (16 bits, big endian).
///
/// # Errors
/// [`EntryTooLong`] for an entry above [`ENTRY_BYTES_MAX`].
pub fn entry_bundle<'a>(
    entries: impl IntoIterator<Item = &'a [u8]>,
) -> Result<Vec<u8>, EntryTooLong> {
    let mut bundle = Vec::new();
    for (at, entry) in entries.into_iter().enumerate() {
        let length =
            u16::try_from(entry.len()).map_err(|_| EntryTooLong { at, bytes: entry.len() })?;
        bundle.extend(length.to_be_bytes());
        bundle.extend(entry);
    }
    Ok(bundle)
}

/// The path of the bundle of the leaves of level-0 tile `index` in a tree of `size` leaves, such as
/// `tile/entries/x001/234.p/5`; `None` if that tree has no such tile.
pub fn entry_bundle_path(index: u64, size: u64) -> Option<String> {
    let suffix = width_suffix(TileId { level: 0, index }.width(size))?;
    Some(format!("tile/entries/{}{suffix}", index_path(index)))
}

/// An entry does not fit a bundle.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct EntryTooLong {
    /// Which entry of the bundle, from 0.
    pub at: usize,
    /// Its length in bytes.
    pub bytes: usize,
}

impl fmt::Display for EntryTooLong {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { at, bytes } = self;
        write!(f, "entry {at} of the bundle has {bytes} bytes, above the {ENTRY_BYTES_MAX} allowed")
    }
}

impl std::error::Error for EntryTooLong {}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn entries_stand_behind_their_lengths() {
        let long = vec![9; ENTRY_BYTES_MAX];
        let bundle = entry_bundle([b"ab".as_slice(), b"", &long]).unwrap();
        assert_eq!(bundle[..8], [0, 2, b'a', b'b', 0, 0, 0xff, 0xff]);
        assert_eq!(bundle.len(), 8 + ENTRY_BYTES_MAX);
        let refused = entry_bundle([b"a".as_slice(), &vec![9; ENTRY_BYTES_MAX + 1]]);
        assert_eq!(refused, Err(EntryTooLong { at: 1, bytes: 65_536 }));
    }

    #[test]
    fn paths_are_those_of_the_specification() {
        assert_eq!(entry_bundle_path(0, 256).unwrap(), "tile/entries/000");
        let partial = entry_bundle_path(1_234, 1_234 * 256 + 5).unwrap();
        assert_eq!(partial, "tile/entries/x001/234.p/5");
        assert_eq!(entry_bundle_path(1, 256), None);
    }
}
