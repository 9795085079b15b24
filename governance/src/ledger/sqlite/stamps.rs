//! Stamps as they were logged.

use rusqlite::{Connection, params};

use super::load::{blob, integer};
use super::scan::limit;
use super::statement::{all, sql};
use crate::digest::Digest;
use crate::ledger::LedgerError;
use crate::ledger::reading::StampRow;
use crate::protocol::id::ExecutionId;

/// Stamps of a tree, or all, from an index on.
pub(super) fn page(
    at: &Connection,
    tree: Option<&str>,
    from: u64,
    max: usize,
) -> Result<Vec<StampRow>, LedgerError> {
    let (from, max) = (integer(from), limit(max));
    match tree {
        Some(tree) => all(at, sql!("read/stamps_of_tree"), params![tree, from, max], stamp),
        None => all(at, sql!("read/stamps"), [from, max], stamp),
    }
}

/// Stamps about one execution.
pub(super) fn of_execution(
    at: &Connection,
    execution: ExecutionId,
    max: usize,
) -> Result<Vec<StampRow>, LedgerError> {
    let by = params![blob(&execution.0), limit(max)];
    all(at, sql!("read/stamps_of_execution"), by, stamp)
}

/// The newest stamps, newest first.
pub(super) fn newest(at: &Connection, max: usize) -> Result<Vec<StampRow>, LedgerError> {
    all(at, sql!("read/newest_stamps"), [limit(max)], stamp)
}

fn stamp(row: &rusqlite::Row<'_>) -> rusqlite::Result<StampRow> {
    let number = |at: usize| row.get::<_, i64>(at).map(|number| number.try_into().unwrap_or(0));
    let execution: Option<[u8; 32]> = row.get(3)?;
    Ok(StampRow {
        index: number(0)?,
        at_millis: number(1)?,
        kind: row.get(2)?,
        execution: execution.map(|id| ExecutionId(Digest::from(id))),
        tree: row.get(4)?,
        text: String::from_utf8_lossy(row.get_ref(5)?.as_blob()?).into_owned(),
    })
}
