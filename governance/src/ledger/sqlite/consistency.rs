//! What must hold before anything is signed: the log is what its checkpoints say.

use rusqlite::Connection;

use super::failure::corrupt;
use super::load::integer;
use super::log::{Head, SqlTiles};
use super::statement::{all, one, sql};
use crate::audit::tiles::{TILE_WIDTH, TileId, Tiles as _, TilesError};
use crate::audit::tree::Frontier;
use crate::audit::{Checkpoint, Verifier, leaf_hash};
use crate::digest::Digest;
use crate::ledger::{LedgerError, LedgerErrorKind};

/// Checks the end of the log against its tiles: that its root is what they give, and that no stamp
/// under the last tile is missing or changed. O(log n); `verify` looks at everything.
pub(super) fn expect_sound(at: &Connection, head: &Head) -> Result<(), LedgerError> {
    let size = head.frontier.size();
    let stamps: i64 = one(at, sql!("log/stamp_count"), (), |row| row.get(0))?.unwrap_or_default();
    if stamps != integer(size) {
        return Err(corrupt(format!("the log has {stamps} stamps, and its head says {size}")));
    }
    if frontier_at(at, size)? != head.frontier {
        return Err(corrupt("the tiles of the log give another root than its head"));
    }
    let Some(last) = size.checked_sub(1) else {
        return Ok(());
    };
    let tile = TileId { level: 0, index: last / TILE_WIDTH as u64 };
    let start = integer(tile.index * TILE_WIDTH as u64);
    let leaves: Vec<Digest> = all(at, sql!("read/leaves"), (start, TILE_WIDTH as i64), |row| {
        Ok(leaf_hash(row.get_ref(1)?.as_blob()?))
    })?;
    if SqlTiles(at).tile(tile)?.as_ref() != Some(&leaves) {
        return Err(corrupt(format!(
            "a stamp behind number {start} is not the one that was logged"
        )));
    }
    Ok(())
}

/// Checks a checkpoint that was written earlier against the log as it is now; returns its size.
pub(super) fn expect_covers(
    at: &Connection,
    size: u64,
    note: &str,
    verifier: &Verifier,
    place: &str,
) -> Result<u64, LedgerError> {
    let checkpoint = Checkpoint::open(note, verifier)
        .map_err(|error| corrupt(format!("the checkpoint in {place} cannot be used: {error}")))?;
    if checkpoint.size > size {
        let message = format!(
            "the ledger was rolled back: the checkpoint in {place} covers {} stamps, and the log has \
             {size}; restore the newer ledger. Nothing was signed",
            checkpoint.size
        );
        return Err(LedgerError::new(LedgerErrorKind::Corrupt, message));
    }
    if frontier_at(at, checkpoint.size)?.root() != checkpoint.root {
        return Err(corrupt(format!(
            "the first {} stamps are not those that the checkpoint in {place} covers",
            checkpoint.size
        )));
    }
    Ok(checkpoint.size)
}

/// The right edge of the first `size` leaves, from the tiles.
pub(super) fn frontier_at(at: &Connection, size: u64) -> Result<Frontier, LedgerError> {
    Frontier::from_tiles(&SqlTiles(at), size).map_err(|error| match error {
        TilesError::Read(error) => error,
        TilesError::Missing { .. } | TilesError::Short { .. } => corrupt(error),
    })
}
