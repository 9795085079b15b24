//! The ledger's clock: it follows the wall, and never runs behind what is committed.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use wingman_core::clock::Clock;

/// The clock of one ledger; clones share it.
#[derive(Debug, Clone)]
pub(super) struct LedgerClock {
    wall: Clock,
    committed_millis: Arc<AtomicU64>,
}

impl LedgerClock {
    pub(super) fn new(wall: Clock) -> Self {
        Self { wall, committed_millis: Arc::default() }
    }

    /// The time now, in milliseconds.
    pub(super) fn now_millis(&self) -> u64 {
        self.wall.now().as_millis().max(self.committed_millis.load(Ordering::Relaxed))
    }

    /// Takes note of a committed time, of this process or of another.
    pub(super) fn keep_up_with(&self, committed_millis: u64) {
        self.committed_millis.fetch_max(committed_millis, Ordering::Relaxed);
    }
}
