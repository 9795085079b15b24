//! The contract of a handler: what it reacts to, what it may emit and use, and within what bounds.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use std::time::Duration;

use serde::{Deserialize, Serialize};

use super::duration;
use super::failure::FailureMode;
use super::ordering::OrderingRule;
use super::permit::Level;
use crate::digest::Digest;

/// What a handler may do. What is not declared here is not authorised (P-01).
///
/// Made by [`HandlerContract::new`] and the methods that follow it, or read from YAML; checked
/// when it becomes part of [`Contracts`](super::Contracts).
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct HandlerContract {
    /// The handler's name, which is also its group.
    pub name: String,
    /// The event types it reacts to.
    pub consumes: BTreeSet<String>,
    /// The event types it may publish.
    pub emits: BTreeSet<String>,
    /// Its mission and the bounds of it.
    pub scope: Scope,
    /// The tools it may call, each with the widest level it holds. `None`: the contract does not
    /// say, so it holds none.
    pub tools: Option<BTreeMap<String, Level>>,
    /// The event type that tells others of a refusal; one of `emits`.
    pub refusal: Option<String>,
    /// The rules that hold before it runs; all of them must.
    pub ordering: Vec<OrderingRule>,
    /// Set for a handler that asks a person.
    pub approval: Option<Approval>,
    /// Set for a handler that spends an approval: a JSON pointer to the plan's digest in the body.
    pub requires_approval: Option<String>,
    /// How grave its consequences are, 0 to 2 in this version.
    pub consequence_class: u8,
    /// The bounds of the cascade it may start.
    pub limits: Limits,
    /// Who or what does the work.
    pub performed_by: PerformedBy,
    /// How it is stopped; `None` if the contract does not say.
    pub interrupt: Option<Interrupt>,
    /// A tighter failure mode than the consumed types have.
    pub failure_mode: Option<FailureMode>,
    /// What it says of each output that it gives (P-05); `None` if it need say nothing.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub coherence: Option<CoherenceForm>,
}

/// The mission of a handler (P-01). An entry is a tool's name, a tool's action or a level; see
/// [`HandlerContract::permits`].
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct Scope {
    /// What it is for, in one to three sentences.
    pub mission: String,
    /// What it may do; `None` means its tools.
    pub allowed: Option<BTreeSet<String>>,
    /// What it may not do, whatever else is declared.
    pub disallowed: BTreeSet<String>,
    /// The event type whose emission completes the mission; one of `emits`. A run emits nothing
    /// after it.
    pub done: Option<String>,
}

/// What a handler asks a person to accept (P-04).
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Approval {
    /// A JSON pointer to the plan in the body of the consumed event.
    pub plan: String,
    /// The role of the person who may answer.
    pub role: String,
    /// How long an answer is waited for; after that the plan is blocked.
    #[serde(serialize_with = "duration::as_millis")]
    pub within: Duration,
}

/// The bounds of the cascade that a handler may start.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub struct Limits {
    /// How many executions may lie between the first event of a tree and this one.
    pub depth: u32,
    /// How many events one execution may emit.
    pub fanout: u32,
    /// How long one execution may run.
    #[serde(serialize_with = "duration::as_millis")]
    pub runtime: Duration,
}

/// The most events that one execution may emit: the stamp of its finish names each, and a stamp has at
/// most 64 KiB.
pub(crate) const FANOUT_MAX: u32 = 400;

impl Default for Limits {
    /// 16 executions deep, 64 events wide, 60 s long.
    fn default() -> Self {
        Self { depth: 16, fanout: 64, runtime: Duration::from_secs(60) }
    }
}

/// Who or what does a handler's work.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum PerformedBy {
    /// A program.
    Code,
}

/// How a handler is stopped (P-03, G6). Manual orders (`wingman halt`) stop every handler, whether
/// its contract says so or not.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub struct Interrupt {
    /// What a halt does.
    pub halt: Halt,
}

/// What a halt does to a handler.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Halt {
    /// From its commit on nothing new starts, neither a run nor a tool call. A run without further
    /// calls ends by itself; any other begins again after the resume.
    Drain,
}

/// How much a handler says of its outputs (P-05); see [`Coherence`](crate::audit::Coherence). A run
/// that finishes without it is refused.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum CoherenceForm {
    /// Assumptions, uncertainty and why, rollback, responsibility.
    Fast,
    /// These, and the type of claim, the integrity of its source, failure modes, and what has to be
    /// brought before a person.
    Full,
}

impl CoherenceForm {
    /// The form as contracts and stamps write it.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Fast => "fast",
            Self::Full => "full",
        }
    }
}

impl fmt::Display for CoherenceForm {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl HandlerContract {
    /// A contract that allows nothing yet.
    pub fn new(name: &str) -> Self {
        Self {
            name: name.to_owned(),
            consumes: BTreeSet::new(),
            emits: BTreeSet::new(),
            scope: Scope::default(),
            tools: None,
            refusal: None,
            ordering: Vec::new(),
            approval: None,
            requires_approval: None,
            consequence_class: 0,
            limits: Limits::default(),
            performed_by: PerformedBy::Code,
            interrupt: None,
            failure_mode: None,
            coherence: None,
        }
    }

    /// Adds a type it reacts to.
    pub fn consumes(mut self, event: &str) -> Self {
        self.consumes.insert(event.to_owned());
        self
    }

    /// Adds a type it may publish.
    pub fn emits(mut self, event: &str) -> Self {
        self.emits.insert(event.to_owned());
        self
    }

    /// Says what it is for.
    pub fn mission(mut self, mission: &str) -> Self {
        mission.clone_into(&mut self.scope.mission);
        self
    }

    /// Adds to what its scope allows; from the first entry on, only entries are allowed.
    pub fn allow(mut self, entry: &str) -> Self {
        self.scope.allowed.get_or_insert_default().insert(entry.to_owned());
        self
    }

    /// Adds to what its scope forbids.
    pub fn disallow(mut self, entry: &str) -> Self {
        self.scope.disallowed.insert(entry.to_owned());
        self
    }

    /// Names the type whose emission completes the mission.
    pub fn done(mut self, event: &str) -> Self {
        self.scope.done = Some(event.to_owned());
        self
    }

    /// Grants a tool at a level, in place of a level granted before.
    pub fn tool(mut self, tool: &str, level: Level) -> Self {
        self.tools.get_or_insert_default().insert(tool.to_owned(), level);
        self
    }

    /// Says that it may call no tool but those granted.
    pub fn no_other_tools(mut self) -> Self {
        self.tools.get_or_insert_default();
        self
    }

    /// The tools granted, by name.
    pub fn granted(&self) -> impl Iterator<Item = (&str, Level)> {
        self.tools.iter().flatten().map(|(tool, level)| (tool.as_str(), *level))
    }

    /// Names the type that tells others of a refusal.
    pub fn refusal(mut self, event: &str) -> Self {
        self.refusal = Some(event.to_owned());
        self
    }

    /// Adds an ordering rule.
    pub fn ordering(mut self, rule: OrderingRule) -> Self {
        self.ordering.push(rule);
        self
    }

    /// Makes it ask a person: `plan` is a JSON pointer into the consumed body.
    pub fn approval(mut self, plan: &str, role: &str, within: Duration) -> Self {
        self.approval = Some(Approval { plan: plan.to_owned(), role: role.to_owned(), within });
        self
    }

    /// Makes it spend an approval: `plan_digest` is a JSON pointer into the consumed body.
    pub fn requires_approval(mut self, plan_digest: &str) -> Self {
        self.requires_approval = Some(plan_digest.to_owned());
        self
    }

    /// Sets how grave its consequences are.
    pub fn consequence_class(mut self, class: u8) -> Self {
        self.consequence_class = class;
        self
    }

    /// Replaces the bounds of its cascade.
    pub fn limits(mut self, limits: Limits) -> Self {
        self.limits = limits;
        self
    }

    /// Says how it is stopped.
    pub fn interrupt(mut self, halt: Halt) -> Self {
        self.interrupt = Some(Interrupt { halt });
        self
    }

    /// Tightens the failure mode.
    pub fn failure_mode(mut self, failure_mode: FailureMode) -> Self {
        self.failure_mode = Some(failure_mode);
        self
    }

    /// Asks for coherence with each output.
    pub fn coherence(mut self, form: CoherenceForm) -> Self {
        self.coherence = Some(form);
        self
    }

    /// The SHA-256 digest of the contract's canonical JSON; layout, comments and the order of
    /// names in a file do not change it. Computed anew at each call:
    /// [`Contracts::handler_digest`](super::Contracts::handler_digest) keeps it.
    pub fn digest(&self) -> Digest {
        super::canonical::digest("wingman/handler-contract/v1", self)
    }
}
