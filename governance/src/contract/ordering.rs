//! The ordering rules that a handler's contract may state (G7).

use std::fmt;

use serde::Serialize;

/// A rule that is judged before the handler runs, against executions that finished.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum OrderingRule {
    /// The `sequence` of a key's events ascends by one; a gap waits.
    Sequence {
        /// What has a sequence of its own.
        key: OrderingKey,
    },
    /// Consumed events, except those of type `after`, wait until one of type `after` has finished
    /// for the same key.
    Precedence {
        /// The type that comes first.
        after: String,
        /// What the two events have in common.
        key: OrderingKey,
    },
    /// The lineage of a consumed event, by causation, ends in exactly these types: none left out,
    /// nothing between them, each from an execution that finished. What led to the first one is
    /// free; start with a type whose producer is external to say the whole lineage.
    Chain {
        /// The types, first to last; the last one is consumed, and only it is judged.
        types: Vec<String>,
        /// What all steps have in common.
        key: OrderingKey,
        /// How each step names the bytes that its predecessor produced.
        digest: Option<ChainDigest>,
    },
}

impl OrderingRule {
    /// The name of the rule in a contract.
    pub const fn name(&self) -> &'static str {
        match self {
            Self::Sequence { .. } => "sequence",
            Self::Precedence { .. } => "precedence",
            Self::Chain { .. } => "chain",
        }
    }

    /// What the rule is kept for separately.
    pub const fn key(&self) -> &OrderingKey {
        match self {
            Self::Sequence { key } | Self::Precedence { key, .. } | Self::Chain { key, .. } => key,
        }
    }
}

/// What an ordering rule is kept for separately.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum OrderingKey {
    /// The tree of the event: its correlation.
    Correlation,
    /// A member of the event's JSON body, by name.
    Field(String),
}

impl From<&str> for OrderingKey {
    /// As contracts write it: the word `correlation`, or the name of a field.
    fn from(text: &str) -> Self {
        match text {
            "correlation" => Self::Correlation,
            field => Self::Field(field.to_owned()),
        }
    }
}

impl fmt::Display for OrderingKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Correlation => f.write_str("correlation"),
            Self::Field(name) => f.write_str(name),
        }
    }
}

/// The fields that link a chain's steps: a step's `from` equals its predecessor's `out`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct ChainDigest {
    /// The body field that names what the step worked on.
    pub from: String,
    /// The body field that names what the step produced.
    pub out: String,
}
