//! What a tool call changed, and what became of undoing it (P-06, R3, G8).

use bytes::Bytes;
use serde::{Deserialize, Serialize};

use super::super::id::{ExecutionId, TreeId};
use super::worker::Claim;
use crate::contract::Level;
use crate::digest::Digest;

/// Names an effect of an execution.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct EffectKey {
    /// Whose.
    pub execution: ExecutionId,
    /// From 0, in the order of registration, over all attempts.
    pub index: u32,
}

/// One tool call and its undoing.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Effect {
    /// Its name.
    pub key: EffectKey,
    /// Order of registration in the ledger: a cause comes before what follows from it.
    pub sequence: u64,
    /// Its tree.
    pub tree: TreeId,
    /// The tool.
    pub tool: String,
    /// The level that was asked and held.
    pub level: Level,
    /// The arguments as JSON text; undo gets them too.
    pub arguments: String,
    /// Their digest: the same call of a later attempt is recognised by it.
    pub arguments_digest: Digest,
    /// The attempt that made or adopted it.
    pub attempt: u32,
    /// Which call of that attempt it is, from 0.
    pub call: u32,
    /// What can be done about it.
    pub undo: UndoKind,
    /// Where it stands.
    pub state: EffectState,
    /// What the tool returned, as JSON text.
    pub result: Option<String>,
    /// When it reached its state, in milliseconds.
    pub at_millis: u64,
    /// State before the call, as the tool keeps it; durable with the intent.
    #[serde(skip)]
    pub before: Bytes,
}

/// What can be done about an effect.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum UndoKind {
    /// Nothing changed: reads.
    None,
    /// The tool can undo it.
    Compensatable,
    /// It cannot be undone, and its contract says so.
    Irreversible,
}

/// Where an effect stands.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", tag = "state")]
pub enum EffectState {
    /// Its intent is durable; the call may or may not have happened.
    Registered,
    /// The tool reported success.
    Applied,
    /// The tool reported that nothing happened.
    Void,
    /// The attempt was lost or the answer ambiguous; a probe decides.
    Unknown,
    /// It waits to be undone.
    Pending {
        /// Undo attempts that failed so far.
        failures: u32,
        /// Not before this time in milliseconds.
        due_millis: u64,
    },
    /// A worker undoes it.
    Compensating {
        /// Undo attempts that failed so far.
        failures: u32,
        /// Which worker.
        claim: Claim,
    },
    /// Undone.
    Compensated,
    /// It could not be undone or probed; a person decides.
    Quarantined,
    /// A person decided.
    Resolved {
        /// What.
        resolution: Resolution,
        /// Who.
        by: String,
        /// The signature over resolution and effect, base64.
        signature: String,
    },
}

/// What a person decides about an effect in quarantine. Either way nothing undoes it any more, what it
/// was built on can be undone, and a replay of its execution calls anew.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Resolution {
    /// It was undone by hand, or had never happened.
    Undone,
    /// It stays as it is.
    Accepted,
}

impl Resolution {
    /// The resolution as it is signed and stamped.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Undone => "undone",
            Self::Accepted => "accepted",
        }
    }
}

impl std::fmt::Display for Resolution {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(self.as_str())
    }
}

/// `EXECUTION-INDEX`, which is also the idempotency key of its call.
impl std::fmt::Display for EffectKey {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}-{}", self.execution, self.index)
    }
}

impl Effect {
    /// Whether nobody ever saw the call succeed: before it is undone a probe looks whether it
    /// happened at all (R3).
    pub const fn must_be_probed(&self) -> bool {
        self.result.is_none()
    }
}

impl EffectState {
    /// Whether nothing more will happen to it by itself.
    pub const fn is_settled(&self) -> bool {
        match self {
            Self::Applied
            | Self::Void
            | Self::Compensated
            | Self::Quarantined
            | Self::Resolved { .. } => true,
            Self::Registered | Self::Unknown | Self::Pending { .. } | Self::Compensating { .. } => {
                false
            }
        }
    }
}
