//! The contract of an event type: the nine fields of the event-driven pattern.

use std::collections::BTreeSet;

use serde::Serialize;
use serde_json::Value;

use super::failure::{FailureMode, Rollback, RollbackKind};
use crate::digest::Digest;

/// What an event type is, who may produce and consume it, and what its failure means.
///
/// Made by [`EventContract::new`] and the methods that follow it, or read from YAML; checked
/// when it becomes part of [`Contracts`](super::Contracts).
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct EventContract {
    /// The event's type, which is also its topic unless a route says otherwise.
    pub event: String,
    /// The version of its body, from 1.
    pub version: u32,
    /// What its happening means.
    pub purpose: String,
    /// Who may publish it.
    pub producer: Producers,
    /// Who may consume it.
    pub consumers: Consumers,
    /// What its body must satisfy; `None` leaves the body free.
    pub input_schema: Option<SchemaDocument>,
    /// The primitives whose declarations every consumer must have; see [`Primitive`].
    pub must_use: BTreeSet<Primitive>,
    /// What a failing execution leads to, unless the handler tightens it.
    pub failure_mode: FailureMode,
    /// What its handlers promise about undoing what they do; `None` if they promise nothing.
    pub rollback: Option<Rollback>,
    /// The document that each execution hands in (P-05).
    pub audit_artifact: Option<AuditArtifact>,
    /// How its next version must relate to this one; this version promises nothing.
    pub compatibility: Compatibility,
}

/// Who may publish a type.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Producers {
    /// Programs outside the ledger: such events are admitted unrecorded (R12) and can be forged by
    /// whoever may write to the topic.
    External,
    /// Only these handlers.
    Handlers(BTreeSet<String>),
}

impl Producers {
    /// Whether the named handler may publish the type.
    pub fn names(&self, handler: &str) -> bool {
        match self {
            Self::External => false,
            Self::Handlers(names) => names.contains(handler),
        }
    }
}

/// Who may consume a type.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Consumers {
    /// Any handler whose contract says so.
    Declared,
    /// Only these handlers.
    Only(BTreeSet<String>),
}

impl Consumers {
    /// Whether the named handler may consume the type.
    pub fn admit(&self, handler: &str) -> bool {
        match self {
            Self::Declared => true,
            Self::Only(names) => names.contains(handler),
        }
    }
}

/// A document that each execution for an event hands in when it finishes: checked against the schema,
/// kept in the ledger, committed in the stamp of the finish. Missing or wrong, the run is refused.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct AuditArtifact {
    /// What it is called; stamps name it.
    pub name: String,
    /// What it must satisfy.
    pub schema: SchemaDocument,
}

/// The JSON Schema of a body or an artifact.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct SchemaDocument {
    /// Where it was read, relative to the contracts folder. Not part of the contract's digest.
    #[serde(skip)]
    pub path: String,
    /// The schema itself; it may refer only to parts of itself.
    pub document: Value,
}

/// A primitive of the pattern library. An event that must use it demands of the contract of every
/// handler that consumes it what is said here; what is missing is an error at load, at its place.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
pub enum Primitive {
    /// P-01, Scope Lock: a mission and, where the handler emits anything, which event completes it
    /// (`scope.mission`, `scope.done`).
    #[serde(rename = "P-01")]
    ScopeLock,
    /// P-02, Permission Boundary: `tools` is written out, if only as `{}`, and no grant is wider
    /// than the scope.
    #[serde(rename = "P-02")]
    PermissionBoundary,
    /// P-03, Interrupt: `interrupt` says how the handler halts.
    #[serde(rename = "P-03")]
    Interrupt,
    /// P-04, Responsibility Handshake: a handler with a tool above `read` spends an approval
    /// (`requires_approval`). One that only asks is not held: it also runs after a NO.
    #[serde(rename = "P-04")]
    ResponsibilityHandshake,
    /// P-05, Audit Stamp: `coherence` says what the handler tells of each output.
    #[serde(rename = "P-05")]
    AuditStamp,
    /// P-06, Rollback Covenant: where a handler has a tool above `read`, the event says whether its
    /// effects can be undone (`rollback`), and [`RollbackKind`](super::RollbackKind) holds them to
    /// it.
    #[serde(rename = "P-06")]
    RollbackCovenant,
}

impl Primitive {
    /// The primitive as contracts and people write it.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::ScopeLock => "P-01",
            Self::PermissionBoundary => "P-02",
            Self::Interrupt => "P-03",
            Self::ResponsibilityHandshake => "P-04",
            Self::AuditStamp => "P-05",
            Self::RollbackCovenant => "P-06",
        }
    }
}

/// How the next version of an event type must relate to this one.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Compatibility {
    /// Nothing is promised.
    None,
}

impl EventContract {
    /// A contract with every default: any declared consumer, a free body, three retries. It needs
    /// a producer ([`external`](Self::external) or [`producer`](Self::producer)) to be accepted.
    pub fn new(event: &str, version: u32) -> Self {
        Self {
            event: event.to_owned(),
            version,
            purpose: String::new(),
            producer: Producers::Handlers(BTreeSet::new()),
            consumers: Consumers::Declared,
            input_schema: None,
            must_use: BTreeSet::new(),
            failure_mode: FailureMode::default(),
            rollback: None,
            audit_artifact: None,
            compatibility: Compatibility::None,
        }
    }

    /// Says what the event's happening means.
    pub fn purpose(mut self, purpose: &str) -> Self {
        purpose.clone_into(&mut self.purpose);
        self
    }

    /// Lets programs outside the ledger publish it, and no handler.
    pub fn external(mut self) -> Self {
        self.producer = Producers::External;
        self
    }

    /// Lets one more handler publish it, and no longer any outside program.
    pub fn producer(mut self, handler: &str) -> Self {
        match &mut self.producer {
            Producers::External => {
                self.producer = Producers::Handlers([handler.to_owned()].into());
            }
            Producers::Handlers(names) => {
                names.insert(handler.to_owned());
            }
        }
        self
    }

    /// Closes the list of consumers, or adds to the closed list.
    pub fn consumer(mut self, handler: &str) -> Self {
        match &mut self.consumers {
            Consumers::Declared => self.consumers = Consumers::Only([handler.to_owned()].into()),
            Consumers::Only(names) => {
                names.insert(handler.to_owned());
            }
        }
        self
    }

    /// Demands that bodies satisfy a JSON Schema.
    pub fn input_schema(mut self, document: Value) -> Self {
        self.input_schema = Some(SchemaDocument { path: String::new(), document });
        self
    }

    /// Demands a primitive of every consumer.
    pub fn must_use(mut self, primitive: Primitive) -> Self {
        self.must_use.insert(primitive);
        self
    }

    /// Replaces the failure mode.
    pub fn failure_mode(mut self, failure_mode: FailureMode) -> Self {
        self.failure_mode = failure_mode;
        self
    }

    /// Says whether what its handlers do can be undone.
    pub fn rollback(mut self, kind: RollbackKind) -> Self {
        self.rollback = Some(Rollback { kind });
        self
    }

    /// Demands a document of each execution, which must satisfy a JSON Schema.
    pub fn audit_artifact(mut self, name: &str, schema: Value) -> Self {
        let schema = SchemaDocument { path: String::new(), document: schema };
        self.audit_artifact = Some(AuditArtifact { name: name.to_owned(), schema });
        self
    }

    /// The SHA-256 digest of the contract's canonical JSON, schema included; layout, comments and
    /// the order of names in a file do not change it. Computed anew at each call:
    /// [`Contracts::event_digest`](super::Contracts::event_digest) keeps it.
    pub fn digest(&self) -> Digest {
        super::canonical::digest("wingman/event-contract/v1", self)
    }
}
