//! Verifying a ledger: everything is computed again from the bytes of the stamps.

mod checkpoints;
mod evidence;
mod log;
mod story;

use std::collections::BTreeSet;
use std::path::Path;

use rusqlite::Connection;

use super::log::Head;
use super::reader::Reader;
use super::statement::{all_bodies, sql};
use crate::audit::tree::Frontier;
use crate::ledger::{Check, LedgerError, LedgerUrl, Verification};
use crate::protocol::row::Worker;
use crate::protocol::settings::Mode;

use checkpoints::Claims;

/// Verifies the ledger at a URL: its log from the first stamp to the last, its checkpoints in the
/// database and in the file beside it, and one that somebody kept elsewhere, if given. Reads only;
/// others may go on writing. The public key is taken from `DATABASE.key.pub` beside the ledger.
///
/// # Errors
/// The ledger or a checkpoint file cannot be read. What is wrong with the log is no error but a
/// problem of the verification.
pub fn verify(url: &str, checkpoint: Option<&Path>) -> Result<Verification, LedgerError> {
    verify_telling(url, checkpoint, &mut |_, _| {})
}

/// The same, telling at each tile of the log how many of how many stamps are verified.
///
/// # Errors
/// As [`verify`].
pub fn verify_telling(
    url: &str,
    checkpoint: Option<&Path>,
    tell: &mut dyn FnMut(u64, u64),
) -> Result<Verification, LedgerError> {
    let url: LedgerUrl = url.parse()?;
    let reader = Reader::at(&url)?;
    reader.snapshot(|at| verify_snapshot(at, &reader, &url, checkpoint, tell))
}

fn verify_snapshot(
    at: &Connection,
    reader: &Reader,
    url: &LedgerUrl,
    checkpoint: Option<&Path>,
    tell: &mut dyn FnMut(u64, u64),
) -> Result<Verification, LedgerError> {
    let head = Head::read(at)?.frontier;
    let mut found = Verification {
        ledger: reader.id(),
        modes: modes(at)?,
        stamps: 0,
        events_stamped: 0,
        covered: 0,
        uncovered: 0,
        root: Frontier::new().root(),
        checkpoint_file: url.beside(".checkpoint.txt"),
        problems: Vec::new(),
        problems_left_out: 0,
    };
    let mut claims = Claims::collect(at, reader, url, checkpoint, &mut found)?;
    let mut tell = |done| tell(done, head.size());
    let frontier = log::walk(at, &mut claims, &mut found, &mut tell)?;
    claims.expect_reached(&mut found);
    if head != frontier {
        found.report(Check::Tree, "the head of the log is not the one that its stamps give");
    }
    found.stamps = frontier.size();
    found.root = frontier.root();
    found.uncovered = found.stamps - found.covered;
    story::check(at, &mut found)?;
    evidence::check(at, &mut found)?;
    Ok(found)
}

/// The modes that processes joined in.
fn modes(at: &Connection) -> Result<BTreeSet<Mode>, LedgerError> {
    let workers: Vec<Worker> = all_bodies(at, sql!("read/workers"), ())?;
    Ok(workers.into_iter().map(|worker| worker.mode).collect())
}
