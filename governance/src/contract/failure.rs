//! What happens when handling fails, and whether what was done can be undone.

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

/// What an event's handlers promise about undoing what they do (P-06).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub struct Rollback {
    /// Whether it can be undone.
    pub kind: RollbackKind,
}

/// Whether the effects of an event's handlers can be undone.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum RollbackKind {
    /// All of them: a handler whose tools cannot undo does not start, and such a call is denied.
    Compensatable,
    /// Not all of them; what can be undone still is.
    Irreversible,
}
