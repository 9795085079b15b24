//! A handler's reaction to one event, from its first judgement to its outcome.

use serde::{Deserialize, Serialize};

use super::super::id::{EventKey, ExecutionId, HandlerName, Lane, ScopeKey, TreeId, WorkerId};
use super::worker::Claim;
use super::{DeadReason, ParkReason};
use crate::digest::Digest;

/// One execution: inbox entry and record in one. It is written at each start and each end, so what most have
/// not is not written, where every reader of this schema knows what is missing.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Execution {
    /// Its identity.
    pub id: ExecutionId,
    /// Who reacts.
    pub who: HandlerName,
    /// To which event.
    pub event: EventKey,
    /// Its digest; a redelivery with another one is a conflict (R1).
    pub event_digest: Digest,
    /// The type of the event.
    pub event_type: String,
    /// How often it was given to the handler again by a person; part of the identity (R1).
    #[serde(default, skip_serializing_if = "is_zero")]
    pub replay: u32,
    /// The execution whose dead letter it replays. What that one did is its own to go on from (R3).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub replays: Option<ExecutionId>,
    /// The tree it belongs to.
    pub tree: TreeId,
    /// The execution that emitted the event; `None` at the root.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cause: Option<ExecutionId>,
    /// Steps from the root.
    pub depth: u32,
    /// The partition key.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub key: Option<String>,
    /// The contract it was judged by; recorded, not part of the identity.
    pub contract: Digest,
    /// Attempts started so far. A replay counts on from what it replays.
    pub attempts: u32,
    /// Where it stands.
    pub phase: Phase,
    /// Attempts that failed, oldest first.
    #[serde(default)]
    pub failures: Vec<AttemptFailure>,
    /// Effects registered so far, of all attempts.
    pub effects: u32,
    /// Why it was refused, in the words of whoever did; kept here, not in the stamp.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub refusal: Option<String>,
    /// What the gates would have refused, had they not only observed; the oldest of many.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub would_refuse: Vec<WouldRefuse>,
    /// What its outcome moves in the scopes of ordering rules.
    #[serde(default)]
    pub moves: Vec<ScopeMove>,
    /// Scopes of `precedence` rules in which something had to finish before it: what it did there is
    /// undone before what that did (R8).
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub needs: Vec<ScopeKey>,
    /// When it was first judged, in milliseconds.
    pub first_millis: u64,
    /// When it reached its phase, in milliseconds.
    pub at_millis: u64,
    /// The stamp of its outcome, or of its latest start.
    pub stamp: Option<u64>,
}

impl Execution {
    /// The lane that it holds up while it waits or runs.
    pub fn lane(&self) -> Option<Lane> {
        let key = self.key.clone()?;
        Some(Lane { handler: self.who.handler.clone(), key })
    }
}

const fn is_zero(number: &u32) -> bool {
    *number == 0
}

/// Where an execution stands. All but the first four are outcomes: never judged again (G3, R4).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", tag = "phase")]
pub enum Phase {
    /// Judged and not started: it was halted, or waits for its turn.
    Waiting,
    /// A worker runs it.
    Started {
        /// Which worker, in which epoch.
        claim: Claim,
        /// Which attempt; finish and tool intents must name it (R2).
        attempt: u32,
    },
    /// An attempt failed and another is due.
    Retrying {
        /// Not before this time in milliseconds.
        due_millis: u64,
    },
    /// Its bytes are in the ledger, and it waits there.
    Parked {
        /// For what.
        reason: ParkReason,
    },
    /// The handler returned; its outputs are recorded.
    Finished,
    /// A gate or the handler declined.
    Refused {
        /// By which primitive or rule.
        code: RefusalCode,
    },
    /// The event was past its `expirytime`.
    Expired,
    /// Given up on; the bytes are in quarantine.
    DeadLettered {
        /// Why.
        reason: DeadReason,
    },
}

impl Phase {
    /// Whose run it is, if a worker runs it.
    pub const fn claim(&self) -> Option<Claim> {
        match self {
            Self::Started { claim, .. } => Some(*claim),
            Self::Waiting
            | Self::Retrying { .. }
            | Self::Parked { .. }
            | Self::Finished
            | Self::Refused { .. }
            | Self::Expired
            | Self::DeadLettered { .. } => None,
        }
    }

    /// Whether this is an outcome.
    pub const fn is_outcome(&self) -> bool {
        match self {
            Self::Waiting | Self::Started { .. } | Self::Retrying { .. } | Self::Parked { .. } => {
                false
            }
            Self::Finished | Self::Refused { .. } | Self::Expired | Self::DeadLettered { .. } => {
                true
            }
        }
    }
}

/// Which primitive or rule declined.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub enum RefusalCode {
    /// P-01 Scope Lock: outside scope, depth or fan-out.
    #[serde(rename = "P-01")]
    Scope,
    /// P-02 Permission Boundary: a level that is not held.
    #[serde(rename = "P-02")]
    Permission,
    /// P-03 Interrupt: the target is halted.
    #[serde(rename = "P-03")]
    Interrupt,
    /// P-04 Responsibility Handshake: no approval, or not of this plan.
    #[serde(rename = "P-04")]
    Handshake,
    /// P-05 Audit Stamp: an artifact that is owed is missing.
    #[serde(rename = "P-05")]
    Audit,
    /// P-06 Rollback Covenant: the tree is being undone.
    #[serde(rename = "P-06")]
    Rollback,
    /// An ordering rule can no longer be satisfied (G7).
    #[serde(rename = "order")]
    Order,
    /// The event is not recorded in this ledger and its type has no external producer (R12).
    #[serde(rename = "unrecorded")]
    Unrecorded,
    /// The identity is known with another digest (R1).
    #[serde(rename = "identity_conflict")]
    IdentityConflict,
    /// The handler declined with a code of its own.
    #[serde(rename = "handler")]
    Handler,
}

impl RefusalCode {
    /// The code as events, stamps and people see it.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Scope => "P-01",
            Self::Permission => "P-02",
            Self::Interrupt => "P-03",
            Self::Handshake => "P-04",
            Self::Audit => "P-05",
            Self::Rollback => "P-06",
            Self::Order => "order",
            Self::Unrecorded => "unrecorded",
            Self::IdentityConflict => "identity_conflict",
            Self::Handler => "handler",
        }
    }

    /// The code for a text; a text that no engine uses is the handler's own.
    pub fn from_text(text: &str) -> Self {
        match text {
            "P-01" => Self::Scope,
            "P-02" => Self::Permission,
            "P-03" => Self::Interrupt,
            "P-04" => Self::Handshake,
            "P-05" => Self::Audit,
            "P-06" => Self::Rollback,
            "order" => Self::Order,
            "unrecorded" => Self::Unrecorded,
            "identity_conflict" => Self::IdentityConflict,
            _ => Self::Handler,
        }
    }
}

/// How an outcome moves one scope of an ordering rule.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct ScopeMove {
    /// Which scope.
    pub scope: ScopeKey,
    /// To which position; by how many, if only finished ones count.
    pub to: u64,
    /// Whether other outcomes than finished leave it where it is.
    pub only_if_finished: bool,
}

/// What a gate would have refused (mode observe).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct WouldRefuse {
    /// Which attempt.
    pub attempt: u32,
    /// When, in milliseconds.
    pub at_millis: u64,
    /// By which primitive or rule, as refusals name it; or `schema_mismatch` or `expired`.
    pub code: String,
    /// The tool or the event type.
    pub about: String,
    /// Why; kept here, not in the stamp.
    pub detail: String,
}

/// One attempt that failed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct AttemptFailure {
    /// Which attempt.
    pub attempt: u32,
    /// When it ended, in milliseconds.
    pub at_millis: u64,
    /// What the handler said; kept here, not in the stamp.
    pub reason: String,
    /// The worker that ran it.
    #[serde(default)]
    pub worker: Option<WorkerId>,
}

impl std::fmt::Display for RefusalCode {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(self.as_str())
    }
}
