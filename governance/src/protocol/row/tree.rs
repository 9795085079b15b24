//! State that a whole tree or a scope of an ordering rule shares.

use serde::{Deserialize, Serialize};

use super::super::id::{ExecutionId, ScopeKey, TreeId};

/// A tree that is being undone: nothing new starts in it, and nothing leaves it (R8).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Fence {
    /// Which tree.
    pub tree: TreeId,
    /// The execution whose finish wrote it; `None` if a person did.
    pub by: Option<ExecutionId>,
    /// When, in milliseconds.
    pub at_millis: u64,
    /// How far the undoing is.
    pub state: FenceState,
}

/// How far the undoing of a tree is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum FenceState {
    /// Effects are being undone.
    Open,
    /// Every effect is undone.
    Closed,
    /// Some effect is quarantined; a person decides.
    Stuck,
}

/// The state of one scope key of one ordering rule (G7).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Automaton {
    /// Rule and key.
    pub scope: ScopeKey,
    /// `sequence`: the number that has finished or runs; `precedence`: how many of the
    /// first type finished and are not undone.
    pub position: u64,
    /// The execution that holds the reservation of the next position while it runs.
    pub running: Option<ExecutionId>,
    /// `sequence`: numbers behind `position + 1` that have their outcome already, refused or given
    /// up on before their turn; they are skipped when it comes. Bounded.
    #[serde(default)]
    pub passed: std::collections::BTreeSet<u64>,
}
