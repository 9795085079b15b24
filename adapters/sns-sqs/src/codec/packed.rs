//! The attribute `wingman`: what a message has that neither body nor attributes of SNS can carry.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD as BASE64;
use bytes::Bytes;
use serde::{Deserialize, Serialize};

use super::text::is_plain;

/// What stands beside the body. Headers keep order, repetition and bytes.
#[derive(Debug, Serialize, Deserialize)]
pub(super) struct Packed {
    pub(super) body: Body,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) key: Option<Value>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub(super) headers: Vec<(Value, Value)>,
}

/// What the body is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(super) enum Body {
    /// The payload itself.
    Text,
    /// The payload as base64.
    Base64,
    /// One character that says nothing: the payload is empty, and no body may be.
    Empty,
    /// A CloudEvent in the JSON format; the message is its binary mode.
    Event,
}

/// Bytes, as text where text carries them.
#[derive(Debug, Serialize, Deserialize)]
#[serde(untagged)]
pub(super) enum Value {
    Text(String),
    Base64 { base64: String },
}

impl Value {
    pub(super) fn of(bytes: &[u8]) -> Self {
        match std::str::from_utf8(bytes) {
            // JSON escapes a carriage return; what it leaves as it is must be plain.
            Ok(text) if is_plain(text) => Self::Text(text.to_owned()),
            Ok(_) | Err(_) => Self::Base64 { base64: BASE64.encode(bytes) },
        }
    }

    pub(super) fn bytes(self) -> Option<Bytes> {
        match self {
            Self::Text(text) => Some(text.into()),
            Self::Base64 { base64 } => BASE64.decode(base64).ok().map(Bytes::from),
        }
    }
}
