//! Numbers that are not part of a contract.

use std::time::Duration;

/// Bounds of the protocol. The defaults suit a few processes on one machine.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Settings {
    /// How long a worker's claims outlive its last heartbeat (R2).
    pub worker_lease: Duration,
    /// What waits longer than this moves into the ledger (R6).
    pub hold_max: Duration,
    /// Deliveries that may be parked at once.
    pub parked_max: usize,
    /// How long a delivery may wait for an ordering rule or behind another.
    pub park_deadline: Duration,
    /// The largest event that may be recorded as an output.
    pub output_bytes_max: usize,
    /// Undo attempts before an effect is quarantined.
    pub undo_attempts_max: u32,
    /// The wait between undo attempts.
    pub undo_retry: Duration,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            worker_lease: Duration::from_secs(10),
            hold_max: Duration::from_secs(10),
            parked_max: 100_000,
            park_deadline: Duration::from_secs(3_600),
            output_bytes_max: 1 << 20,
            undo_attempts_max: 5,
            undo_retry: Duration::from_secs(1),
        }
    }
}
