//! The contract of an event type: the nine fields of the event-driven pattern.

use std::collections::BTreeSet;

use serde::Serialize;
use serde_json::Value;

use super::failure::{FailureMode, Rollback};
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
    pub input_schema: Option<InputSchema>,
    /// The primitives that its handlers are meant to use. Recorded, not enforced from here.
    pub must_use: BTreeSet<Primitive>,
    /// What a failing execution leads to, unless the handler tightens it.
    pub failure_mode: FailureMode,
    /// How what its handlers do is undone; `None` if the contract does not say.
    pub rollback: Option<Rollback>,
    /// The name of the document that each execution hands in.
    pub audit_artifact: Option<String>,
    /// How its next version must relate to this one.
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

/// The JSON Schema of a body.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct InputSchema {
    /// Where it was read, relative to the contracts folder. Not part of the contract's digest.
    #[serde(skip)]
    pub path: String,
    /// The schema itself; it may refer only to parts of itself.
    pub document: Value,
}

/// A primitive of the pattern library.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
pub enum Primitive {
    /// P-01, Scope Lock.
    #[serde(rename = "P-01")]
    ScopeLock,
    /// P-02, Permission Boundary.
    #[serde(rename = "P-02")]
    PermissionBoundary,
    /// P-03, Interrupt.
    #[serde(rename = "P-03")]
    Interrupt,
    /// P-04, Responsibility Handshake.
    #[serde(rename = "P-04")]
    ResponsibilityHandshake,
    /// P-05, Audit Stamp.
    #[serde(rename = "P-05")]
    AuditStamp,
    /// P-06, Rollback Covenant.
    #[serde(rename = "P-06")]
    RollbackCovenant,
}

/// How the next version of an event type must relate to this one.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Compatibility {
    /// Readers of the new version can read bodies of this one.
    Backward,
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
        self.input_schema = Some(InputSchema { path: String::new(), document });
        self
    }

    /// Replaces the failure mode.
    pub fn failure_mode(mut self, failure_mode: FailureMode) -> Self {
        self.failure_mode = failure_mode;
        self
    }

    /// Says how what its handlers do is undone.
    pub fn rollback(mut self, rollback: Rollback) -> Self {
        self.rollback = Some(rollback);
        self
    }

    /// The SHA-256 digest of the contract's canonical JSON, schema included; layout, comments and
    /// the order of names in a file do not change it. Computed anew at each call:
    /// [`Contracts::event_digest`](super::Contracts::event_digest) keeps it.
    pub fn digest(&self) -> Digest {
        super::canonical::digest("wingman/event-contract/v1", self)
    }
}
