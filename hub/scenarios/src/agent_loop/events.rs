//! The payloads of the agent event loop.

use serde::{Deserialize, Serialize};
use wingman_core::event::Event;
use wingman_governance::rollback::Compensation;

/// A person asked for something.
#[derive(Debug, Clone, Serialize, Deserialize, Event)]
pub struct UserRequestReceived {
    /// Which request of the run, from 1.
    pub number: u32,
    /// What was asked, in words.
    pub text: String,
}

/// One tool call that a request needs.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Step {
    /// The tool.
    pub tool: String,
    /// The file or the receiver.
    pub target: String,
    /// What is written or sent.
    pub content: String,
}

/// Every tool is in scope.
#[derive(Debug, Clone, Serialize, Deserialize, Event)]
pub struct RequestValidated {
    /// Which request.
    pub number: u32,
    /// The calls that it needs.
    pub steps: Vec<Step>,
}

/// A tool is out of scope.
#[derive(Debug, Clone, Serialize, Deserialize, Event)]
pub struct RequestRejected {
    /// Which request.
    pub number: u32,
    /// `P-01`.
    pub code: String,
    /// In the engine's words.
    pub reason: String,
}

/// Every level is held.
#[derive(Debug, Clone, Serialize, Deserialize, Event)]
pub struct PermissionsVerified {
    /// Which request.
    pub number: u32,
    /// The calls that it needs.
    pub steps: Vec<Step>,
}

/// A level is not held.
#[derive(Debug, Clone, Serialize, Deserialize, Event)]
pub struct PermissionDenied {
    /// Which request.
    pub number: u32,
    /// `P-02`.
    pub code: String,
    /// In the engine's words.
    pub reason: String,
}

/// What somebody is asked to take responsibility for; its digest is what is signed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Plan {
    /// The request's tree: an approval is good for this request alone.
    pub request: String,
    /// Which request of the run.
    pub number: u32,
    /// The calls, in order.
    pub steps: Vec<Step>,
    /// The consequence class of the executor's contract.
    pub consequence_class: u8,
    /// Whether its rollback was ever tried out.
    pub rehearsed: bool,
}

/// A plan waits for an answer.
#[derive(Debug, Clone, Serialize, Deserialize, Event)]
pub struct ExecutionPlanProposed {
    /// The plan.
    pub plan: Plan,
}

/// A person answered YES.
#[derive(Debug, Clone, Serialize, Deserialize, Event)]
pub struct ExecutionApproved {
    /// Exactly the plan that was approved.
    pub plan: Plan,
    /// Whose key signed.
    pub by: String,
}

/// Nobody took responsibility.
#[derive(Debug, Clone, Serialize, Deserialize, Event)]
pub struct ExecutionBlocked {
    /// Which request.
    pub number: u32,
    /// `P-04`.
    pub code: String,
    /// What the answer was.
    pub reason: String,
}

/// Every step was done.
#[derive(Debug, Clone, Serialize, Deserialize, Event)]
pub struct ExecutionComplete {
    /// Which request.
    pub number: u32,
    /// What each call returned.
    pub results: Vec<serde_json::Value>,
}

/// The document that the executor hands in beside its output; its schema is in the contracts.
#[derive(Debug, Clone, Serialize)]
pub struct Receipt {
    /// Which request.
    pub number: u32,
    /// How many steps there were.
    pub steps: usize,
    /// The tool and target of each that was done, in order.
    pub done: Vec<String>,
}

/// A step could not be done.
#[derive(Debug, Clone, Serialize, Deserialize, Event)]
pub struct ExecutionFailed {
    /// Which request.
    pub number: u32,
    /// The step that failed, from 1.
    pub step: usize,
    /// How many there were.
    pub steps: usize,
    /// Its tool.
    pub tool: String,
    /// What happened.
    pub reason: String,
}

/// The executor was not allowed to do a step, or to start.
#[derive(Debug, Clone, Serialize, Deserialize, Event)]
pub struct ExecutionRefused {
    /// The primitive that was not satisfied.
    pub code: String,
    /// In the engine's words.
    pub reason: String,
}

/// The execution is in the log.
#[derive(Debug, Clone, Serialize, Deserialize, Event)]
pub struct ExecutionRecorded {
    /// Which request.
    pub number: u32,
    /// The leaf that holds its outcome.
    pub leaf: u64,
    /// The leaf's hash.
    pub leaf_hash: String,
    /// The root that the proof leads to.
    pub root: String,
    /// The inclusion proof.
    pub proof: serde_json::Value,
}

/// What was done will be undone.
#[derive(Debug, Clone, Serialize, Deserialize, Event)]
pub struct CompensationPlanned {
    /// Which request.
    pub number: u32,
    /// In which order.
    pub plan: Compensation,
}

/// Every event type of the loop; each has a topic of its name.
pub(super) const EVENT_TYPES: [&str; 13] = [
    UserRequestReceived::TYPE,
    RequestValidated::TYPE,
    RequestRejected::TYPE,
    PermissionsVerified::TYPE,
    PermissionDenied::TYPE,
    ExecutionPlanProposed::TYPE,
    ExecutionApproved::TYPE,
    ExecutionBlocked::TYPE,
    ExecutionComplete::TYPE,
    ExecutionFailed::TYPE,
    ExecutionRefused::TYPE,
    ExecutionRecorded::TYPE,
    CompensationPlanned::TYPE,
];
