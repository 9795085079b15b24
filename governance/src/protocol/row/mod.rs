//! What the ledger keeps: one type a table, all of them plain data.

mod effect;
mod evidence;
mod execution;
mod letter;
mod message;
mod park;
mod plan;
mod tree;
mod worker;

pub use effect::{Effect, EffectKey, EffectState, Resolution, UndoKind};
pub use evidence::{Artifact, Evidence, Said};
pub use execution::{AttemptFailure, Execution, Phase, RefusalCode, ScopeMove, WouldRefuse};
pub use letter::{DeadLetter, DeadReason, Fate, Original};
pub use message::{ChainLinks, OutboxRow, OutboxState, Recorded};
pub use park::{ParkReason, Parked};
pub use plan::{Decision, Plan};
pub use tree::{Automaton, Fence, FenceState};
pub use worker::{Claim, Control, Counters, Lease, Target, Worker};

use super::id::{EventKey, ExecutionId, Lane, PlanDigest, ScopeKey, TreeId, WorkerId};

/// One row.
#[derive(Debug, Clone, PartialEq)]
#[expect(missing_docs, reason = "each variant is named after the type that documents it")]
pub enum Row {
    Execution(Execution),
    Recorded(Recorded),
    Outbox(OutboxRow),
    Parked(Parked),
    Effect(Effect),
    Evidence(Evidence),
    Plan(Plan),
    Fence(Fence),
    Automaton(Automaton),
    DeadLetter(DeadLetter),
    Control(Control),
    Worker(Worker),
    Lease(Lease),
    Counters(Counters),
}

/// Names one row.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[expect(missing_docs, reason = "each variant is named after the row that it names")]
pub enum Key {
    Execution(ExecutionId),
    Recorded(EventKey),
    Outbox(u64),
    Parked(ExecutionId),
    Effect(EffectKey),
    Evidence(ExecutionId),
    Plan(PlanDigest),
    Fence(TreeId),
    Automaton(ScopeKey),
    DeadLetter(ExecutionId),
    Control(Target),
    Worker(WorkerId),
    Lease,
    Counters,
}

impl Row {
    /// The key that names this row.
    pub fn key(&self) -> Key {
        match self {
            Self::Execution(row) => Key::Execution(row.id),
            Self::Recorded(row) => Key::Recorded(row.key),
            Self::Outbox(row) => Key::Outbox(row.sequence),
            Self::Parked(row) => Key::Parked(row.execution),
            Self::Effect(row) => Key::Effect(row.key),
            Self::Evidence(row) => Key::Evidence(row.execution),
            Self::Plan(row) => Key::Plan(row.digest),
            Self::Fence(row) => Key::Fence(row.tree.clone()),
            Self::Automaton(row) => Key::Automaton(row.scope),
            Self::DeadLetter(row) => Key::DeadLetter(row.execution),
            Self::Control(row) => Key::Control(row.target.clone()),
            Self::Worker(row) => Key::Worker(row.id),
            Self::Lease(_) => Key::Lease,
            Self::Counters(_) => Key::Counters,
        }
    }
}

/// Rows that a step asks for by something else than their key. Every scan is bounded.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Scan {
    /// Unpublished outbox rows, in commit order.
    Unpublished {
        /// At most this many.
        max: usize,
    },
    /// Parked rows of one handler that are due or past their deadline, oldest first.
    ParkedDue {
        /// Whose.
        handler: String,
        /// By the ledger's clock.
        now: u64,
        /// At most this many.
        max: usize,
    },
    /// Parked rows of a lane: those that have a claim first, then in the order in which they were
    /// parked.
    ParkedLane {
        /// Which lane.
        lane: Lane,
        /// Whether those that wait for an ordering rule are among them. They left the lane to the
        /// events that can satisfy the rule (R6).
        with_ordered: bool,
        /// At most this many.
        max: usize,
    },
    /// Parked rows that wait for a decision on a plan.
    ParkedPlan {
        /// Which plan.
        plan: PlanDigest,
    },
    /// Parked rows that wait for a scope of an ordering rule to move.
    ParkedScope {
        /// Which scope.
        scope: ScopeKey,
    },
    /// Effects of one execution, in the order of their calls.
    EffectsOf {
        /// Which execution.
        execution: ExecutionId,
    },
    /// Effects of one tree, in the order in which they were registered.
    EffectsIn {
        /// Which tree.
        tree: TreeId,
    },
    /// Effects that wait to be undone or are being undone, newest first.
    EffectsPending {
        /// At most this many.
        max: usize,
    },
    /// Executions of one tree, in the order in which they were first judged.
    ExecutionsIn {
        /// Which tree.
        tree: TreeId,
    },
    /// Executions of a lane that a worker has started and not ended.
    StartedIn {
        /// Which lane.
        lane: Lane,
    },
    /// Unpublished outbox rows of one tree.
    UnpublishedIn {
        /// Which tree.
        tree: TreeId,
    },
    /// Fences that are not closed.
    FencesOpen,
}
