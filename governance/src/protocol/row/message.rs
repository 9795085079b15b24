//! Events that are recorded, and those that leave.

use bytes::Bytes;
use serde::{Deserialize, Serialize};

use super::super::id::{EventKey, ExecutionId, TreeId};
use crate::digest::Digest;

/// An event that this ledger knows (R12): emitted under it, or admitted from an external producer.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Recorded {
    /// Source and id.
    pub key: EventKey,
    /// Its digest.
    pub digest: Digest,
    /// Its type.
    pub event_type: String,
    /// Its tree.
    pub tree: TreeId,
    /// The execution that emitted it; `None` for an external producer or a program.
    pub cause: Option<ExecutionId>,
    /// Steps from the root.
    pub depth: u32,
    /// Hides the digest in stamps: `H(salt ‖ digest)`.
    pub salt: Digest,
    /// What a chain rule compares: the fields that its body names.
    pub links: Option<ChainLinks>,
    /// When it was recorded, in milliseconds.
    pub at_millis: u64,
}

/// The fields by which an event of a chain names its key, its predecessor's bytes and its own.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct ChainLinks {
    /// Name and value of body fields that are texts or numbers.
    pub fields: std::collections::BTreeMap<String, String>,
}

/// An event on its way to the broker, or kept from it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct OutboxRow {
    /// Commit order.
    pub sequence: u64,
    /// Which event.
    pub event: EventKey,
    /// Its type, which routes it.
    pub event_type: String,
    /// The order to keep within the topic.
    pub key: Option<String>,
    /// Its tree.
    pub tree: TreeId,
    /// Who emitted it.
    pub cause: Option<ExecutionId>,
    /// Goes out although its tree is fenced: it belongs to the rollback itself.
    pub exempt: bool,
    /// Where it stands.
    pub state: OutboxState,
    /// The event as structured JSON.
    #[serde(skip)]
    pub message: Bytes,
}

/// Where an outbox row stands; every recorded output ends in one of the last three (G3).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum OutboxState {
    /// The relay has it to publish.
    Unpublished,
    /// A relay has read it and may have sent it; the next one sends it again.
    Publishing,
    /// The broker confirmed it.
    Published,
    /// Its tree was fenced first.
    Withheld,
    /// The broker refused it for good.
    Undeliverable,
}
