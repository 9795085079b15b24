//! What happens when handling fails, and how what was done is undone.

use std::time::Duration;

use serde::Serialize;

use super::duration;

/// The retries of a failing execution, and what follows the last one. After it the delivery is
/// dead-lettered: this version knows no other end.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct FailureMode {
    /// The delay before each further attempt; empty: the first failure is the last.
    #[serde(serialize_with = "duration::list_as_millis")]
    pub retry: Vec<Duration>,
    /// What becomes of the key once its delivery is dead-lettered.
    pub key: KeyAfterFailure,
}

impl Default for FailureMode {
    /// Retries after 5 s, 30 s and 2 min, then goes on with the key.
    fn default() -> Self {
        Self {
            retry: [5, 30, 120].map(Duration::from_secs).to_vec(),
            key: KeyAfterFailure::Continue,
        }
    }
}

/// What a dead-lettered event means for later events of its key.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum KeyAfterFailure {
    /// They are handled.
    Continue,
    /// They wait until a person has decided about the dead letter.
    Hold,
}

/// How the effects of an event's handlers are undone (P-06).
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Rollback {
    /// Whether and how they can be undone.
    pub kind: RollbackKind,
    /// By when, and on whose word.
    #[serde(flatten)]
    pub limits: RollbackLimits,
}

/// What kind of step an effect is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum RollbackKind {
    /// An undo restores the state before.
    Compensatable,
    /// Doing it again with the same key changes nothing more: it is retried, not undone.
    Retriable,
    /// The point of no return: before it steps are undone, after it they are completed.
    Pivot,
    /// Cannot be undone.
    Irreversible,
}

/// The bounds of an undo.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct RollbackLimits {
    /// The cascade window: how long after the effect its undo must be done.
    #[serde(serialize_with = "duration::as_millis")]
    pub within: Duration,
    /// The role that may order it.
    pub authority: String,
}
