//! Deliveries that wait in the ledger instead of on the broker (R6).

use bytes::Bytes;
use serde::{Deserialize, Serialize};

use super::super::id::{ExecutionId, Lane, PlanDigest, ScopeKey, TreeId};
use super::letter::Original;
use super::worker::Claim;

/// A delivery whose bytes are in the ledger. It stays until its execution has an outcome, so that a
/// crash after waking loses nothing.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Parked {
    /// Whose.
    pub execution: ExecutionId,
    /// The handler that it waits for.
    pub handler: String,
    /// Its tree.
    pub tree: TreeId,
    /// The lane that waits behind it.
    pub lane: Option<Lane>,
    /// Order within the lane.
    pub sequence: u64,
    /// What it waits for.
    pub reason: ParkReason,
    /// When it moved into the ledger, in milliseconds.
    #[serde(default)]
    pub since_millis: u64,
    /// When it should be looked at again, in milliseconds; `u64::MAX` until something wakes it.
    pub due_millis: u64,
    /// When it is given up on, in milliseconds. Every park has one.
    pub deadline_millis: u64,
    /// The worker that runs it, or ran it last: it has started, and goes on before anything else of
    /// its lane.
    pub claim: Option<Claim>,
    /// What was received; its payload stands in a column of its own.
    #[serde(default)]
    pub original: Original,
    /// The event as structured JSON.
    #[serde(skip)]
    pub message: Bytes,
}

/// What a parked delivery waits for.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", tag = "for")]
pub enum ParkReason {
    /// Its next attempt.
    Retry,
    /// YES, NO or the deadline on a plan.
    Approval {
        /// Which plan.
        plan: PlanDigest,
    },
    /// An ordering rule's scope to move.
    Order {
        /// Which scope.
        scope: ScopeKey,
    },
    /// An earlier delivery of its lane.
    Behind,
    /// A process that runs it once more, because a person said so.
    Replay {
        /// What ran in its lane at that time; it starts when none of them runs any more (T3).
        after: Vec<ExecutionId>,
    },
}

impl ParkReason {
    /// The reason as stamps and people see it.
    pub const fn as_str(&self) -> &'static str {
        match self {
            Self::Retry => "retry",
            Self::Approval { .. } => "approval",
            Self::Order { .. } => "order",
            Self::Behind => "behind",
            Self::Replay { .. } => "replay",
        }
    }
}
