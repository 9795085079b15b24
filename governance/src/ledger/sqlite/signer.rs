//! Writing checkpoints: when, and where to.

use std::path::PathBuf;
use std::time::{Duration, Instant};

use rusqlite::params;

use super::load::integer;
use super::statement::{execute, one, sql};
use super::store::Store;
use crate::audit::{Checkpoint, SigningKey};
use crate::ledger::gap::{Gap, Gaps};
use crate::ledger::{CheckpointEvery, LedgerError, LedgerErrorKind, checkpoint_file};

/// Signs the heads of one ledger.
#[derive(Debug)]
pub(super) struct Signer {
    pub(super) key: SigningKey,
    pub(super) file: PathBuf,
    pub(super) every: CheckpointEvery,
    pub(super) gaps: Gaps,
    /// The number of stamps under the newest checkpoint.
    covered: u64,
    /// When the first stamp was seen that it does not cover, or the last try failed.
    waiting_since: Option<Instant>,
}

impl Signer {
    pub(super) const fn new(
        key: SigningKey,
        file: PathBuf,
        every: CheckpointEvery,
        gaps: Gaps,
        covered: u64,
    ) -> Self {
        Self { key, file, every, gaps, covered, waiting_since: None }
    }

    /// Takes note of the log's size and says how long a checkpoint may wait; `None` if all stamps
    /// are covered.
    pub(super) fn wait(&mut self, size: u64) -> Option<Duration> {
        if size <= self.covered {
            self.waiting_since = None;
            return None;
        }
        let since = *self.waiting_since.get_or_insert_with(Instant::now);
        if size - self.covered >= self.every.stamps {
            return Some(Duration::ZERO);
        }
        Some(self.every.time.saturating_sub(since.elapsed()))
    }

    /// Writes a checkpoint over everything that is committed: into the ledger, and into the file.
    pub(super) fn sign(&mut self, store: &mut Store) -> Result<(), LedgerError> {
        self.gaps.reached(Gap::CheckpointBeforeWrite);
        store.begin()?;
        let signed = self.sign_in_transaction(store);
        // After a failure the next try waits as long as after a success.
        self.waiting_since = None;
        self.covered = signed.inspect_err(|_| store.roll_back())?;
        self.gaps.reached(Gap::CheckpointAfterWrite);
        Ok(())
    }

    /// The file is written under the write lock, so that of several processes none puts an older
    /// checkpoint over a newer one. The leaves are committed already.
    fn sign_in_transaction(&self, store: &mut Store) -> Result<u64, LedgerError> {
        let size = store.head().frontier.size();
        let newest = one(store.connection(), sql!("log/newest_checkpoint"), (), |row| row.get(0))?;
        if newest.is_some_and(|newest: i64| newest >= integer(size)) {
            store.roll_back();
            return Ok(size);
        }
        let origin = self.key.verifier().name().clone();
        let note =
            Checkpoint::of(origin, &store.head().frontier).sign(&self.key).map_err(unsigned)?;
        let parameters = params![integer(size), note];
        execute(store.connection(), sql!("log/write_checkpoint"), parameters)?;
        let written = store.write(store.head().at_millis)?;
        checkpoint_file::replace(&self.file, &note)?;
        store.commit(written)?;
        Ok(size)
    }
}

fn unsigned(error: crate::audit::CheckpointError) -> LedgerError {
    LedgerError::new(LedgerErrorKind::Corrupt, format!("the log's head cannot be signed: {error}"))
}
