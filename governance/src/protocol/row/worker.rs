//! Processes, their leases, and what people tell them to do.

use serde::{Deserialize, Serialize};

use super::super::id::WorkerId;
use crate::protocol::settings::Mode;

/// A process that runs handlers (R2).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Worker {
    /// Random, new for each process.
    pub id: WorkerId,
    /// Rises each time the worker had to join again.
    pub epoch: u64,
    /// When its lease ends by the ledger's clock, in milliseconds.
    pub expires_millis: u64,
    /// The control version that it has seen (R13).
    pub seen: u64,
    /// The handlers that it runs.
    pub handlers: Vec<String>,
    /// What becomes there of what the engines refuse.
    #[serde(default)]
    pub mode: Mode,
}

/// Who holds something: valid while that worker's epoch is current.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Claim {
    /// The worker.
    pub worker: WorkerId,
    /// Its epoch when it took it.
    pub epoch: u64,
}

/// What an interrupt is aimed at.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Target {
    /// Every handler.
    All,
    /// One handler.
    Handler(String),
}

impl Target {
    /// The target as people write it: `*` or a name.
    pub fn as_str(&self) -> &str {
        match self {
            Self::All => "*",
            Self::Handler(name) => name,
        }
    }
}

/// A standing order (P-03, G6).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Control {
    /// For whom.
    pub target: Target,
    /// Halted or not.
    pub halted: bool,
    /// The control version at which it was given.
    pub version: u64,
    /// Who gave it.
    pub by: String,
    /// When, in milliseconds.
    pub at_millis: u64,
}

/// The right to relay: one process publishes for a ledger (R5).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Lease {
    /// Who has it.
    pub claim: Claim,
}

/// Numbers that the whole ledger shares; all but `parked` only rise.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Counters {
    /// Outbox rows so far.
    pub outbox: u64,
    /// Effects so far.
    pub effects: u64,
    /// Parks so far.
    pub parks: u64,
    /// Deliveries that are parked now.
    pub parked: u64,
    /// Workers that joined so far, which is also the newest epoch.
    pub epochs: u64,
    /// Halts and resumes so far.
    pub control: u64,
}
