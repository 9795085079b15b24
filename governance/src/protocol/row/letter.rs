//! Deliveries in quarantine, as they were received, and what people decided about them (T6).

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD as BASE64;
use bytes::Bytes;
use serde::{Deserialize, Serialize};
use wingman_core::message::{Headers, Message};

use super::super::id::ExecutionId;
use super::execution::AttemptFailure;
use crate::digest::Digest;

/// A delivery as the broker handed it over.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Original {
    /// Where it was published.
    pub topic: String,
    /// Its place there.
    pub position: String,
    /// The ordering key, base64.
    #[serde(default)]
    pub key: Option<String>,
    /// Header names and values, in their order; values as base64.
    pub headers: Vec<(String, String)>,
    /// The payload.
    #[serde(skip)]
    pub payload: Bytes,
}

impl Original {
    /// The message as it was received, for whoever wants its bytes.
    ///
    /// # Errors
    /// A text that is not base64, or a header that no message can carry: the row was tampered with.
    pub fn to_message(&self) -> Result<Message, String> {
        let bytes = |text: &str| BASE64.decode(text).map_err(|error| error.to_string());
        let mut headers = Headers::builder();
        for (name, value) in &self.headers {
            headers.push(name, bytes(value)?).map_err(|error| error.to_string())?;
        }
        let key = self.key.as_deref().map(bytes).transpose()?.map(Bytes::from);
        Ok(Message { key, headers: headers.build(), payload: self.payload.clone() })
    }
}

/// A delivery in quarantine, with its bytes.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct DeadLetter {
    /// The execution, or the identity of what could claim none.
    pub execution: ExecutionId,
    /// Why.
    pub reason: DeadReason,
    /// What was wrong, for people.
    pub detail: String,
    /// When, in milliseconds.
    pub at_millis: u64,
    /// Every attempt that failed, oldest first: when, why and by which worker.
    #[serde(default)]
    pub attempts: Vec<AttemptFailure>,
    /// What was received.
    #[serde(flatten)]
    pub original: Original,
    /// The event that it decodes to, as structured JSON; empty if it decodes to none.
    #[serde(skip)]
    pub event: Bytes,
    /// What a person decided about it.
    #[serde(default)]
    pub fate: Fate,
}

/// What became of a dead letter. It is decided once, by somebody entitled (R1).
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", tag = "fate")]
pub enum Fate {
    /// Nobody has decided.
    #[default]
    Waiting,
    /// It was given to its handler again.
    Replayed {
        /// The execution that it led to.
        execution: ExecutionId,
        /// Who decided.
        by: String,
        /// The signature over act and letter, base64.
        signature: String,
        /// When, in milliseconds.
        at_millis: u64,
    },
    /// It is not needed any more: its bytes are gone.
    Discarded {
        /// Who decided.
        by: String,
        /// The signature over act and letter, base64.
        signature: String,
        /// When, in milliseconds.
        at_millis: u64,
        /// The digest of the payload that was removed.
        payload_digest: Digest,
    },
}

/// Why a delivery was given up on.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum DeadReason {
    /// Not a CloudEvent.
    Malformed,
    /// The type has no contract.
    UnknownType,
    /// The body does not obey the type's schema.
    SchemaMismatch,
    /// The handler said that trying again cannot help.
    Structural,
    /// Every attempt failed.
    Exhausted,
    /// What the handler returned breaks its contract: a type it may not emit, a body against its
    /// schema, too large, too many.
    OutputRefused,
    /// The ledger has no room for another parked delivery.
    ParkingFull,
    /// The park's deadline passed.
    ParkExpired,
    /// Its parked row is damaged: it does not decode, or what it refers to is gone.
    Damaged,
    /// Refused without an identity of its own; the refusal's code says why.
    Unclaimed,
}

impl DeadReason {
    /// The reason as stamps and people see it.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Malformed => "malformed",
            Self::UnknownType => "unknown_type",
            Self::SchemaMismatch => "schema_mismatch",
            Self::Structural => "structural",
            Self::Exhausted => "exhausted",
            Self::OutputRefused => "output_refused",
            Self::ParkingFull => "parking_full",
            Self::ParkExpired => "park_expired",
            Self::Damaged => "damaged",
            Self::Unclaimed => "unclaimed",
        }
    }
}

impl std::fmt::Display for DeadReason {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(self.as_str())
    }
}
