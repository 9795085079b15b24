//! What may be asked of the protocol, and what it answers.

use std::collections::BTreeSet;
use std::sync::Arc;

use bytes::Bytes;
use wingman_core::event::CloudEvent;
use wingman_core::message::Message;

use super::id::{ExecutionId, HandlerName, PlanDigest, TreeId, WorkerId};
use super::row::{
    Claim, Decision, Effect, EffectKey, Fate, OutboxRow, Plan, RefusalCode, Resolution, Target,
};
use crate::audit::Coherence;
use crate::contract::{Denied, Level};
use crate::digest::Digest;

/// One request to the protocol.
#[derive(Debug, Clone)]
pub enum Input {
    /// A process starts to run handlers.
    Join {
        /// Its random identity.
        worker: WorkerId,
        /// What it runs.
        handlers: Vec<String>,
    },
    /// A process is still there, and has seen this control version.
    Heartbeat {
        /// Who.
        claim: Claim,
        /// The control version that it obeys.
        seen: u64,
    },
    /// A process is known to be gone; its claims are void at once.
    Bury {
        /// Which.
        worker: WorkerId,
    },
    /// A delivery has become the head of its lane.
    Judge(Arrival),
    /// A run ended.
    Conclude(Conclude),
    /// Asks for parked deliveries that can run now.
    Wake {
        /// Who would run them.
        claim: Claim,
        /// For which handler.
        who: HandlerName,
        /// At most this many.
        max: usize,
    },
    /// A tool is about to be called (R3).
    Intend(Intend),
    /// A tool call came back, or a probe looked.
    Report {
        /// Who called.
        run: Run,
        /// Which call.
        effect: EffectKey,
        /// What became of it.
        report: Report,
    },
    /// A program publishes an event under this ledger (R12).
    Publish {
        /// The event.
        event: Arc<CloudEvent>,
    },
    /// A relay asks for what is to be published (R5).
    Relay {
        /// Who.
        claim: Claim,
        /// At most this many rows.
        max: usize,
        /// Types that are left alone for now.
        resting: BTreeSet<String>,
    },
    /// A relay tells what the broker said.
    Relayed {
        /// Under which claim it was read.
        claim: Claim,
        /// The row's place in commit order.
        sequence: u64,
        /// What became of it.
        sent: Sent,
    },
    /// Somebody answers a plan (P-04). The signature was verified against the named principal.
    Decide {
        /// Which plan.
        plan: PlanDigest,
        /// Whose answer.
        by: String,
        /// The answer, exactly as given: only `YES` approves.
        answer: String,
        /// The signature, base64.
        signature: String,
    },
    /// A person decides about a dead letter. The signature was verified against the named principal.
    Review {
        /// Which letter.
        letter: ExecutionId,
        /// What to do with it.
        act: ReviewAct,
        /// Whose decision.
        by: String,
        /// The signature, base64.
        signature: String,
    },
    /// A person decides about an effect in quarantine. The signature was verified against the named
    /// principal.
    Resolve {
        /// Which effect.
        effect: EffectKey,
        /// What is decided.
        resolution: Resolution,
        /// Whose decision.
        by: String,
        /// The signature, base64.
        signature: String,
    },
    /// A halt or resume (P-03).
    Command {
        /// For whom.
        target: Target,
        /// Halt or resume.
        halt: bool,
        /// Who says so.
        by: String,
    },
    /// A person asks for a tree to be undone.
    Fence {
        /// Which tree.
        tree: TreeId,
    },
    /// Asks for effects that can be undone now (R8).
    Undo {
        /// Who would do it.
        claim: Claim,
        /// The tools that it has.
        tools: Vec<String>,
        /// At most this many.
        max: usize,
    },
    /// An undo came back.
    Undone {
        /// Who did it.
        claim: Claim,
        /// Which effect.
        effect: EffectKey,
        /// What became of it.
        outcome: UndoOutcome,
    },
}

/// A delivery to judge, or a parked one to judge again.
#[derive(Debug, Clone)]
pub struct Arrival {
    /// Who would run it.
    pub claim: Claim,
    /// For which handler.
    pub who: HandlerName,
    /// What it decodes to, or why it does not.
    pub event: Result<Arc<CloudEvent>, String>,
    /// What was received.
    pub delivered: Arc<Delivered>,
}

/// What the broker handed over, and from where: kept if it is parked or ends in quarantine (T6).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Delivered {
    /// Where it was published.
    pub topic: String,
    /// Its place there.
    pub position: String,
    /// Key, headers and payload as they came.
    pub message: Message,
}

/// Which attempt of which execution a caller believes to hold (R2).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Run {
    /// The execution.
    pub execution: ExecutionId,
    /// Who runs it.
    pub claim: Claim,
    /// Which attempt.
    pub attempt: u32,
}

/// The end of a run.
#[derive(Debug, Clone)]
pub struct Conclude {
    /// Which run.
    pub run: Run,
    /// How it ended.
    pub ending: RunEnding,
    /// The event that was handled, for quarantine and parking.
    pub event: Arc<CloudEvent>,
    /// What was received; `None` for a parked delivery, which the ledger has.
    pub delivered: Option<Arc<Delivered>>,
    /// What the handler was told that it would be refused (mode observe).
    pub objections: Vec<Objection>,
}

/// Something that an engine has against what an execution does.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Objection {
    /// By which primitive or rule.
    pub code: &'static str,
    /// The tool or the event type.
    pub about: String,
    /// Why.
    pub detail: String,
}

impl Objection {
    /// What a contract has against a call of a tool.
    pub(crate) fn from_denied(denied: &Denied, tool: &str) -> Self {
        Self { code: denied.code(), about: tool.to_owned(), detail: denied.to_string() }
    }
}

/// What a handler gives beside its outputs (P-05). What its contracts do not ask for is not kept.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct HandedIn {
    /// What it says of them.
    pub coherence: Option<Coherence>,
    /// The document that its event asks for, JSON text.
    pub artifact: Option<String>,
}

/// How a run ended.
#[derive(Debug, Clone)]
pub enum RunEnding {
    /// The handler returned these events.
    Finished {
        /// With identity, tree, causation and key.
        outputs: Vec<CloudEvent>,
        /// The handler asked for its tree to be undone (R8).
        fence: bool,
        /// What it gave beside them (P-05).
        handed_in: HandedIn,
    },
    /// The handler declined.
    Refused {
        /// The code that it gave.
        code: String,
        /// What it said.
        detail: String,
        /// The event that tells others.
        output: Option<Box<CloudEvent>>,
    },
    /// The attempt failed.
    Failed {
        /// Whether trying again cannot help.
        structural: bool,
        /// What was said.
        reason: String,
    },
    /// The process drains; the attempt does not count.
    Abandoned,
}

/// A tool call that is about to be made.
#[derive(Debug, Clone)]
pub struct Intend {
    /// Whose.
    pub run: Run,
    /// The number of the call within the attempt, from 0.
    pub call: u32,
    /// The tool.
    pub tool: String,
    /// The level that the call needs.
    pub level: Level,
    /// The arguments as canonical JSON text.
    pub arguments: String,
    /// Whether the tool can undo it.
    pub can_undo: bool,
    /// State before the call, as the tool keeps it.
    pub before: Bytes,
}

/// What became of a tool call.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Report {
    /// It happened; this is what the tool returned, as JSON text.
    Applied(String),
    /// It did not happen.
    Void,
    /// Nobody can tell yet.
    Unknown,
    /// Nobody can tell at all; a person decides.
    Undecidable,
}

/// What became of a row that a relay read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Sent {
    /// The broker has it.
    Published,
    /// The broker will never have it: it refused it for good, or no group came for it.
    Undeliverable,
    /// The broker has nothing of it: it kept nothing, or the row was not sent. Only of a row that was handed to this
    /// relay as unpublished.
    NotYet,
}

/// What became of an undo.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum UndoOutcome {
    /// The state before is back.
    Undone,
    /// A probe found that the call had never happened.
    NeverHappened,
    /// It failed; it is tried again, and quarantined in the end.
    Failed,
    /// Nobody can tell whether the call happened; a person decides.
    Undecidable,
}

/// What the protocol answers.
#[derive(Debug, Clone)]
pub enum Reply {
    /// To `Join`: the claim of this process.
    Joined(Claim),
    /// To `Heartbeat`: what holds now; `None` if the lease was lost and the process must stop.
    Alive(Option<u64>),
    /// To `Judge`.
    Judged(Judged),
    /// To `Conclude`.
    Concluded(Concluded),
    /// To `Wake`: what can run now, started.
    Woken(Vec<Started>),
    /// To `Intend`.
    Intended(Intended),
    /// To `Relay`: rows to publish, in order; `None` if another process relays.
    Relaying(Option<Vec<OutboxRow>>),
    /// To `Publish`.
    Published(Published),
    /// To `Decide`.
    Decided(Decided),
    /// To `Review`.
    Reviewed(Reviewed),
    /// To `Resolve`.
    Resolved(Resolved),
    /// To `Command`: the control version from which it holds.
    Commanded(u64),
    /// To `Undo`: effects as they stood; those that [must be](Effect::must_be_probed) are probed first.
    Undoing(Vec<Effect>),
    /// Done, nothing to tell.
    Done,
    /// The caller's claim is not current; what it asked for was not done (R2).
    Lost,
}

/// What becomes of a delivery.
#[derive(Debug, Clone)]
pub enum Judged {
    /// Run it; its start is recorded.
    Run(Box<Started>),
    /// Its outcome or its bytes are recorded: ack.
    Ack,
    /// Keep it and judge it again after this many milliseconds.
    Hold(u64),
}

/// A run that was started.
#[derive(Debug, Clone)]
pub struct Started {
    /// What to name in intents and in the conclusion.
    pub run: Run,
    /// The event, for parked deliveries that come without one.
    pub event: Arc<CloudEvent>,
    /// Its depth in the tree.
    pub depth: u32,
    /// What was decided on the plan that this delivery asked about.
    pub decision: Option<Decision>,
    /// The plan that this run spends.
    pub approved: Option<Plan>,
    /// Effects of earlier attempts that nobody knows the outcome of: probe them first (R3).
    pub unknown: Vec<Effect>,
}

/// What the bus does with a delivery whose run ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Concluded {
    /// Ack it.
    Ack,
    /// Keep it and judge it again after this many milliseconds.
    Again(u64),
    /// The run was no longer ours: hand the delivery back.
    Late,
    /// The run was ours and is given up: hand the delivery back.
    Released,
}

/// What a tool call may do.
#[derive(Debug, Clone)]
pub enum Intended {
    /// Call the tool; the intent is durable.
    Call(EffectKey),
    /// An earlier attempt made this very call: take its result.
    Known(String),
    /// Effects of an earlier attempt stand in the way: undo these in this order, then ask again.
    /// Those that [must be](Effect::must_be_probed) are probed first.
    UndoFirst(Vec<Effect>),
    /// Do not call.
    Denied {
        /// By which primitive.
        code: RefusalCode,
        /// Why.
        detail: String,
    },
    /// The run is no longer current.
    Lost,
}

/// What became of a program's publish.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Published {
    /// Recorded; the relay has it under this number.
    Recorded(u64),
    /// The same event was recorded before.
    Known,
    /// Not recorded, and why.
    Refused {
        /// By which primitive or rule.
        code: RefusalCode,
        /// What was wrong.
        detail: String,
    },
}

/// What became of an answer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Decided {
    /// The plan is approved or denied now.
    Taken(Decision),
    /// There is no such plan.
    UnknownPlan,
    /// It was decided before, and how.
    Already(Decision),
    /// This principal may not decide it.
    NotEntitled {
        /// Why.
        detail: String,
    },
}

/// What can be done with a dead letter.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ReviewAct {
    /// Give it to its handler once more.
    Replay,
    /// Remove its bytes; final.
    Discard,
}

impl ReviewAct {
    /// The act as it is signed.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Replay => "replay",
            Self::Discard => "discard",
        }
    }
}

/// What became of a decision about a dead letter.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Reviewed {
    /// It waits in the ledger for a process that has its handler.
    Replayed {
        /// The execution that it leads to.
        execution: ExecutionId,
        /// Its replay number.
        replay: u32,
    },
    /// Its bytes are gone.
    Discarded,
    /// There is no such letter.
    UnknownLetter,
    /// It was decided before, and how.
    Already(Fate),
    /// This principal may not decide it.
    NotEntitled {
        /// Why.
        detail: String,
    },
    /// It cannot be replayed, and stays as it is.
    NotReplayable {
        /// Why.
        detail: String,
    },
}

/// What became of a decision about an effect in quarantine.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Resolved {
    /// It is taken, and the rollback goes on.
    Taken,
    /// There is no such effect.
    UnknownEffect,
    /// It is not in quarantine.
    NotQuarantined,
    /// It was decided before.
    Already {
        /// How.
        resolution: Resolution,
        /// By whom.
        by: String,
    },
    /// This principal may not decide it.
    NotEntitled {
        /// Why.
        detail: String,
    },
}

/// The digest of canonical JSON, as plans are named by it.
pub fn plan_digest(plan: &serde_json::Value) -> PlanDigest {
    PlanDigest(Digest::of_fields("wingman/plan", &[plan.to_string().as_bytes()]))
}
