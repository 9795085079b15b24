//! What is not part of a contract: the mode, and numbers.

use std::fmt;
use std::time::Duration;

use serde::{Deserialize, Serialize};

/// What becomes of what the engines refuse. Without a ledger there is a third mode: bus only.
#[derive(
    Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default, Serialize, Deserialize,
)]
#[serde(rename_all = "snake_case")]
pub enum Mode {
    /// It is stamped and told, and happens all the same.
    Observe,
    /// It does not happen.
    #[default]
    Enforce,
}

impl Mode {
    /// The mode as stamps and people see it.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Observe => "observe",
            Self::Enforce => "enforce",
        }
    }
}

impl fmt::Display for Mode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// Mode and bounds of the protocol. The defaults suit a few processes on one machine.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Settings {
    /// What becomes of what the engines refuse.
    pub mode: Mode,
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
    /// How long events of a type wait for a group, where a contract names a consumer and the broker keeps nothing
    /// until there is one; from then on they count as undeliverable, until there is one.
    pub unheard_max: Duration,
    /// Undo attempts before an effect is quarantined.
    pub undo_attempts_max: u32,
    /// The wait between undo attempts.
    pub undo_retry: Duration,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            mode: Mode::default(),
            worker_lease: Duration::from_secs(10),
            hold_max: Duration::from_secs(10),
            parked_max: 100_000,
            park_deadline: Duration::from_secs(3_600),
            output_bytes_max: 1 << 20,
            unheard_max: Duration::from_secs(60),
            undo_attempts_max: 5,
            undo_retry: Duration::from_secs(1),
        }
    }
}
