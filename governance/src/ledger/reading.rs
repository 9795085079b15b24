//! What reads of a ledger return.

use serde::Serialize;

use crate::audit::proof::InclusionProof;
use crate::protocol::id::{ExecutionId, TreeId};

/// A stamp in its place in the log.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct StampRow {
    /// Its index, from 0.
    pub index: u64,
    /// When, by the ledger's clock, in milliseconds.
    pub at_millis: u64,
    /// The name of its kind.
    pub kind: String,
    /// The execution that it is about.
    pub execution: Option<ExecutionId>,
    /// The tree that it belongs to; `None` also where stamps were asked for by execution.
    pub tree: Option<TreeId>,
    /// The leaf of the log: lines of text.
    pub text: String,
}

/// How much is not settled.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize)]
pub struct OpenWork {
    /// Executions without an outcome.
    pub executions: u64,
    /// Outputs that neither left nor were kept back for good.
    pub unpublished: u64,
    /// Parked deliveries.
    pub parked: u64,
    /// Effects that are not settled.
    pub effects: u64,
    /// Trees that are being undone, or wait for a person.
    pub fences: u64,
}

impl OpenWork {
    /// Whether nothing is open.
    pub const fn is_none(&self) -> bool {
        let Self { executions, unpublished, parked, effects, fences } = *self;
        executions == 0 && unpublished == 0 && parked == 0 && effects == 0 && fences == 0
    }
}

/// A stamp, and the proof that it is in the log of a checkpoint. Whoever holds the public key checks
/// the checkpoint, then the proof against its root.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct StampProof {
    /// The stamp.
    pub stamp: StampRow,
    /// The way from its hash to the root.
    pub proof: InclusionProof,
    /// The checkpoint that has the root, a signed note.
    pub checkpoint: String,
}
