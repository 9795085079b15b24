//! Proofs against the newest checkpoint.

use rusqlite::Connection;

use super::failure::corrupt;
use super::load::integer;
use super::log::{Head, SqlTiles};
use super::stamps;
use super::statement::{one, sql};
use crate::audit::proof::{ConsistencyProof, ProofUnavailable, prove_consistency, prove_inclusion};
use crate::audit::tiles::TilesError;
use crate::audit::{Proven, leaf_hash};
use crate::ledger::reading::StampProof;
use crate::ledger::{LedgerError, LedgerErrorKind};

/// Proves one stamp in the tree of every stamp.
pub(super) fn now(at: &Connection, leaf: u64) -> Result<Proven, LedgerError> {
    let head = Head::read(at)?;
    let read = |row: &rusqlite::Row<'_>| Ok(leaf_hash(row.get_ref(1)?.as_blob()?));
    let found = one(at, sql!("read/leaves"), [integer(leaf), 1], read)?;
    let hash = found.filter(|_| leaf < head.frontier.size()).ok_or_else(|| no_stamp(leaf))?;
    let size = head.frontier.size();
    let proof = prove_inclusion(&SqlTiles(at), leaf, size).map_err(unavailable)?;
    let root = head.frontier.root();
    proof.verify(&hash, &root).map_err(corrupt)?;
    Ok(Proven { leaf, hash, root, proof })
}

/// Proves one stamp against the newest checkpoint.
pub(super) fn covered(at: &Connection, index: u64) -> Result<StampProof, LedgerError> {
    let (size, checkpoint) = newest_checkpoint(at)?;
    let found = stamps::page(at, None, index, 1)?;
    let stamp =
        found.into_iter().find(|stamp| stamp.index == index).ok_or_else(|| no_stamp(index))?;
    if index >= size {
        return Err(refused(format!(
            "stamp {index} is not covered yet: the newest checkpoint covers {size}; write a checkpoint"
        )));
    }
    let proof = prove_inclusion(&SqlTiles(at), index, size).map_err(unavailable)?;
    Ok(StampProof { stamp, proof, checkpoint })
}

/// Proves that the log only grew since it had `old_size` stamps.
pub(super) fn consistency(at: &Connection, old_size: u64) -> Result<ConsistencyProof, LedgerError> {
    let (size, _) = newest_checkpoint(at)?;
    prove_consistency(&SqlTiles(at), old_size, size).map_err(unavailable)
}

fn newest_checkpoint(at: &Connection) -> Result<(u64, String), LedgerError> {
    let read = |row: &rusqlite::Row<'_>| Ok((row.get::<_, i64>(0)?, row.get(1)?));
    match one(at, sql!("log/newest_checkpoint"), (), read)? {
        Some((size, note)) => Ok((u64::try_from(size).map_err(corrupt)?, note)),
        None => Err(refused("the ledger has no checkpoint yet: open it for writing once")),
    }
}

fn unavailable(error: ProofUnavailable<LedgerError>) -> LedgerError {
    match error {
        ProofUnavailable::Tiles(TilesError::Read(error)) => error,
        ProofUnavailable::Tiles(error) => corrupt(error),
        ProofUnavailable::NoSuchLeaf { .. } | ProofUnavailable::Shrinking { .. } => refused(error),
    }
}

fn no_stamp(index: u64) -> LedgerError {
    refused(format!("the log has no stamp {index}"))
}

fn refused(message: impl std::fmt::Display) -> LedgerError {
    LedgerError::new(LedgerErrorKind::Refused, message)
}
