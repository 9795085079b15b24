//! Plans that wait for somebody's YES, and what became of them (P-04, G5).

use serde::{Deserialize, Serialize};

use super::super::id::{ExecutionId, PlanDigest, TreeId};

/// A plan that a handler put before a person.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Plan {
    /// The digest of its bytes: what is approved is what runs.
    pub digest: PlanDigest,
    /// Its tree.
    pub tree: TreeId,
    /// The execution that asks.
    pub asked_by: ExecutionId,
    /// The handler that proposed it, which may not approve it.
    pub proposer: String,
    /// Who may decide.
    pub role: String,
    /// The plan itself, as JSON text.
    pub text: String,
    /// When the question was put, in milliseconds.
    pub asked_millis: u64,
    /// When the answer is no longer taken, in milliseconds.
    pub deadline_millis: u64,
    /// The answer.
    pub decision: Decision,
    /// The execution that used the approval; an approval is used once.
    pub spent_by: Option<ExecutionId>,
}

/// What became of a plan.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", tag = "decision")]
pub enum Decision {
    /// Nobody answered yet.
    Pending,
    /// An entitled person signed `YES`.
    Approved {
        /// Whose key.
        by: String,
        /// The signature over the plan's digest and deadline, base64.
        signature: String,
        /// When, in milliseconds.
        at_millis: u64,
    },
    /// The answer was anything else.
    Denied {
        /// Whose answer.
        by: String,
        /// What it was.
        answer: String,
        /// When, in milliseconds.
        at_millis: u64,
    },
    /// Nobody answered in time.
    Expired,
}
