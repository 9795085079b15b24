//! A stamp: one audit record, a leaf of the log.
//!
//! Its bytes are text lines `name value` under a domain tag, so that a program that is not ours can
//! read them. They hold enumerated codes, names from contracts and commitments
//! (`H(salt ‖ digest)`), never payloads, subjects, keys or free text.

use std::fmt::{self, Write as _};

use super::coherence::{ClaimType, SourceIntegrity, UncertaintyLevel};
use crate::contract::{CoherenceForm, Level};
use crate::digest::Digest;
use crate::protocol::id::{EventKey, ExecutionId, PlanDigest, TreeId, WorkerId};
use crate::protocol::row::{DeadReason, RefusalCode, Resolution};
use crate::protocol::settings::Mode;

/// The first line of every stamp.
pub const DOMAIN: &str = "wingman/stamp/v1";

/// What most stamps fit into, so that their buffer need not grow.
const STAMP_BYTES: usize = 512;

/// One audit record.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Stamp {
    /// The ledger's clock, in milliseconds since the Unix epoch.
    pub at_millis: u64,
    /// The execution that it is about.
    pub execution: Option<ExecutionId>,
    /// The tree that it belongs to: an index of the ledger, not part of the bytes.
    pub tree: Option<TreeId>,
    /// What happened.
    pub fact: Fact,
}

/// Declares the facts; encoding and display follow from the declaration alone, so that none can be
/// forgotten. Fields become lines of their own names, in their order here; those behind a semicolon only
/// where they have a value.
macro_rules! facts {
    ($($(#[$doc:meta])* $name:ident = $kind:literal {
        $($field:ident: $type:ty),* $(; $($optional:ident: $optional_type:ty),*)?
    },)*) => {
        /// What a stamp says.
        #[derive(Debug, Clone, PartialEq, Eq)]
        #[expect(missing_docs, reason = "fields are documented by their types and the lines they become")]
        pub enum Fact {
            $($(#[$doc])* $name { $($field: $type,)* $($($optional: Option<$optional_type>,)*)? },)*
        }

        impl Fact {
            /// The name of the kind, as the bytes have it.
            pub const fn kind(&self) -> &'static str {
                match self {
                    $(Self::$name { .. } => $kind,)*
                }
            }

            /// The fields as lines of the bytes, in their order.
            fn write_fields(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                match self {
                    $(Self::$name { $($field,)* $($($optional,)*)? } => {
                        $(writeln!(f, concat!(stringify!($field), " {}"), $field)?;)*
                        $($(if let Some(value) = $optional {
                            writeln!(f, concat!(stringify!($optional), " {}"), value)?;
                        })*)?
                    })*
                }
                Ok(())
            }
        }
    };
}

facts! {
    /// The first leaf of a log.
    LedgerOpened = "ledger_opened" { ledger: Digest },
    /// A process joined, and judges in this mode.
    WorkerJoined = "worker_joined" { worker: WorkerId, epoch: u64, mode: Mode },
    /// A process lost its lease or left.
    WorkerLost = "worker_lost" { worker: WorkerId, epoch: u64 },
    /// An event was recorded that no finish lists: admitted from outside, published by a program, or
    /// telling of a refusal.
    Recorded = "recorded" { event: EventKey, commitment: Digest },
    /// An attempt began; durable before the handler ran.
    Started = "started" { handler: String, contract: Digest, event: EventKey, commitment: Digest, attempt: u32, worker: WorkerId, epoch: u64 },
    /// A gate or the handler declined.
    Refused = "refused" { handler: String, code: RefusalCode },
    /// In observe: a gate would have declined, about a tool or an event type.
    WouldRefuse = "would_refuse" { handler: String, code: &'static str, about: String },
    /// The event had passed its expiry.
    Expired = "expired" { handler: String },
    /// The delivery moved into the ledger to wait.
    Parked = "parked" { handler: String, reason: &'static str, deadline_millis: u64 },
    /// A tool call was announced; durable before the call.
    Intended = "intended" { index: u32, tool: String, level: Level, commitment: Digest },
    /// A tool call was refused.
    Denied = "denied" { tool: String, level: Level, code: RefusalCode },
    /// The tool reported success.
    Applied = "applied" { index: u32 },
    /// The tool reported that nothing happened.
    Void = "void" { index: u32 },
    /// It is not known whether the call happened.
    Unknown = "unknown" { index: u32 },
    /// The handler returned; these outputs are recorded, each with its commitment, and what it was asked
    /// to hand in beside them.
    Finished = "finished" { handler: String, attempt: u32, outputs: Outputs; coherence: CoherenceMark, artifact: ArtifactMark },
    /// The attempt failed and another follows.
    Failed = "failed" { handler: String, attempt: u32 },
    /// A worker that had lost its claim came with a result, which was discarded.
    Late = "late" { attempt: u32, worker: WorkerId, epoch: u64 },
    /// The attempt ended without a result.
    Abandoned = "abandoned" { attempt: u32, reason: &'static str },
    /// The delivery was given up on.
    DeadLettered = "dead_lettered" { reason: DeadReason },
    /// A person had a dead letter handled again: by this execution, which has the next replay number.
    Replayed = "replayed" { by: String, replay: u32, into: ExecutionId },
    /// A person discarded a dead letter; what is left of its payload is this commitment.
    Discarded = "discarded" { by: String, commitment: Digest },
    /// The broker confirmed an output.
    Emitted = "emitted" { event: EventKey, sequence: u64 },
    /// An output was kept back, because its tree is fenced.
    Withheld = "withheld" { event: EventKey, sequence: u64 },
    /// The broker refused an output for good.
    Undeliverable = "undeliverable" { event: EventKey, sequence: u64 },
    /// A plan was put before the holders of a role.
    Asked = "asked" { plan: PlanDigest, role: String },
    /// An entitled person signed YES.
    Approved = "approved" { plan: PlanDigest, by: String },
    /// The answer was not YES.
    NotApproved = "not_approved" { plan: PlanDigest, by: String },
    /// Nobody answered in time.
    DecisionExpired = "decision_expired" { plan: PlanDigest },
    /// An approval was used; it is good once.
    Spent = "spent" { plan: PlanDigest },
    /// The tree is being undone; nothing new starts in it.
    Fenced = "fenced" { by: &'static str },
    /// Undoing an effect began.
    UndoStarted = "undo_started" { index: u32 },
    /// The effect is undone.
    Undone = "undone" { index: u32 },
    /// Undoing failed.
    UndoFailed = "undo_failed" { index: u32, failures: u32 },
    /// The effect could be neither undone nor probed; a person decides.
    Quarantined = "quarantined" { index: u32 },
    /// A person decided about an effect in quarantine.
    Resolved = "resolved" { index: u32, resolution: Resolution, by: String },
    /// Every effect of the tree was dealt with; what a person accepted as it is stays.
    TreeClosed = "tree_closed" { undone: u32, quarantined: u32; accepted: u32 },
    /// New work was stopped.
    Halted = "halted" { target: String, by: String, version: u64 },
    /// New work was allowed again.
    Resumed = "resumed" { target: String, by: String, version: u64 },
}

/// The outputs of a finished execution: event key and commitment, in the order they were emitted.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Outputs(pub Vec<(EventKey, Digest)>);

impl fmt::Display for Outputs {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (at, (event, commitment)) in self.0.iter().enumerate() {
            let comma = if at == 0 { "" } else { "," };
            write!(f, "{comma}{event}:{commitment}")?;
        }
        Ok(())
    }
}

/// What a stamp says of the coherence of an output (P-05): its words, and a commitment to its texts.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CoherenceMark {
    pub(crate) form: CoherenceForm,
    pub(crate) claim: Option<ClaimType>,
    pub(crate) uncertainty: Option<UncertaintyLevel>,
    pub(crate) source: Option<SourceIntegrity>,
    pub(crate) commitment: Digest,
}

impl fmt::Display for CoherenceMark {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { form, claim, uncertainty, source, commitment } = self;
        write!(f, "{form}")?;
        claim.iter().try_for_each(|it| write!(f, " claim={it}"))?;
        uncertainty.iter().try_for_each(|it| write!(f, " uncertainty={it}"))?;
        source.iter().try_for_each(|it| write!(f, " source={it}"))?;
        write!(f, " {commitment}")
    }
}

/// What a stamp says of the document that an execution handed in: its name in the contract of the
/// event, and a commitment.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ArtifactMark {
    pub(crate) name: String,
    pub(crate) commitment: Digest,
}

impl fmt::Display for ArtifactMark {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}", self.name, self.commitment)
    }
}

impl Stamp {
    /// The leaf of the log: the domain, then `at`, `kind`, `execution` where there is one, and the
    /// fields of the fact, a line each.
    pub fn to_bytes(&self) -> Vec<u8> {
        let mut text = String::with_capacity(STAMP_BYTES);
        // Writing to a string cannot fail.
        let _ = write!(text, "{self}");
        text.into_bytes()
    }
}

impl fmt::Display for Stamp {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "{DOMAIN}\nat {}\nkind {}", self.at_millis, self.fact.kind())?;
        if let Some(execution) = &self.execution {
            writeln!(f, "execution {execution}")?;
        }
        self.fact.write_fields(f)
    }
}

/// A commitment: hides the digest behind the event's salt, so that a redacted payload cannot be
/// guessed from its stamps.
pub fn commit(salt: &Digest, digest: &Digest) -> Digest {
    Digest::of_fields("wingman/commitment", &[salt.as_bytes(), digest.as_bytes()])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_stamp_is_lines_that_anybody_can_read() {
        let stamp = Stamp {
            at_millis: 7,
            execution: Some(ExecutionId(Digest::of(b"x"))),
            tree: Some("secret tree".into()),
            fact: Fact::Failed { handler: "writer".into(), attempt: 2 },
        };
        let id = Digest::of(b"x");
        let expected = format!(
            "wingman/stamp/v1\nat 7\nkind failed\nexecution {id}\nhandler writer\nattempt 2\n"
        );
        assert_eq!(stamp.to_bytes(), expected.into_bytes());
    }
}
