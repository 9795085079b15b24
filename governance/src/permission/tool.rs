//! What a tool is: an effect on the world outside, with what it takes to look at it and undo it.

use std::collections::BTreeMap;
use std::fmt;
use std::sync::Arc;

use async_trait::async_trait;
use bytes::Bytes;
use serde_json::Value;

use crate::contract::Level;

/// Something that acts outside. Effects happen at least once: a call may be repeated after a crash
/// whose outcome a probe could not tell apart, always with the same idempotency key.
#[async_trait]
pub trait Tool: Send + Sync + 'static {
    /// The level that a call of this tool needs.
    fn level(&self) -> Level;

    /// Whether [`Tool::undo`] can bring the state before back. A tool that cannot is irreversible.
    fn can_undo(&self) -> bool;

    /// State before the call, as `undo` and `probe` need it; durable before the call is made.
    ///
    /// # Errors
    /// [`ToolError::NotDone`]: the call is not made.
    async fn before(&self, arguments: &Value) -> Result<Bytes, ToolError>;

    /// Does it.
    ///
    /// # Errors
    /// [`ToolError::NotDone`] only if nothing happened; [`ToolError::Unknown`] otherwise.
    async fn call(&self, call: Call<'_>) -> Result<Value, ToolError>;

    /// Looks whether a call with these arguments happened since `before` was taken.
    ///
    /// # Errors
    /// [`ToolError`] if it cannot look now; it is asked again.
    async fn probe(&self, call: Call<'_>, before: &[u8]) -> Result<Probed, ToolError>;

    /// Brings the state before back. Idempotent: undoing twice is undoing once.
    ///
    /// # Errors
    /// [`ToolError`]; it is tried again, and quarantined in the end.
    async fn undo(&self, call: Call<'_>, before: &[u8]) -> Result<(), ToolError>;
}

/// One call of a tool.
#[derive(Debug, Clone, Copy)]
pub struct Call<'a> {
    /// The arguments.
    pub arguments: &'a Value,
    /// The same for each repetition of this call, different for every other.
    pub idempotency_key: &'a str,
}

/// What a probe saw.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Probed {
    /// It happened; this is what the call would have returned.
    Applied(Value),
    /// It did not happen.
    NotApplied,
    /// Nobody can tell; a person decides.
    Undecidable,
}

/// Why a tool call gave no result.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ToolError {
    /// Nothing happened.
    NotDone(String),
    /// It may have happened.
    Unknown(String),
    /// The contract, a halt or a fence does not allow it; nothing happened.
    Denied {
        /// The primitive that was not satisfied: `P-01` to `P-06`.
        code: &'static str,
        /// What was asked and why it is refused.
        reason: String,
    },
    /// This run is no longer current, or the ledger is closed; stop.
    Lost(String),
}

impl fmt::Display for ToolError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NotDone(reason) => write!(f, "not done: {reason}"),
            Self::Unknown(reason) => write!(f, "outcome unknown: {reason}"),
            Self::Denied { code, reason } => write!(f, "{code} {reason}"),
            Self::Lost(reason) => write!(f, "run lost: {reason}"),
        }
    }
}

impl std::error::Error for ToolError {}

/// The tools that a process has, by name.
#[derive(Clone, Default)]
pub struct ToolRegistry {
    tools: BTreeMap<String, Arc<dyn Tool>>,
}

impl ToolRegistry {
    /// Adds a tool; a second one of the same name replaces the first.
    pub fn add(&mut self, name: &str, tool: Arc<dyn Tool>) {
        self.tools.insert(name.to_owned(), tool);
    }

    /// The tool of this name.
    pub fn get(&self, name: &str) -> Option<&Arc<dyn Tool>> {
        self.tools.get(name)
    }

    /// All names.
    pub fn names(&self) -> impl Iterator<Item = &str> {
        self.tools.keys().map(String::as_str)
    }
}

impl fmt::Debug for ToolRegistry {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_set().entries(self.names()).finish()
    }
}
