//! What the handlers on both sides of a handshake get of it.

use wingman_core::handler::{Extract, Failure, Request, Signature};

use crate::governor::RunContext;
use crate::protocol::id::PlanDigest;
use crate::protocol::row::Decision;

/// What was decided on the plan that this handler asked about (contract field `approval`). The
/// handler runs only once there is a decision.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Answer {
    /// Somebody entitled signed `YES`.
    Yes {
        /// Whose key.
        by: String,
        /// The signature over plan and answer, base64.
        signature: String,
    },
    /// The answer was anything else.
    No {
        /// Whose answer.
        by: String,
        /// What it was.
        answer: String,
    },
    /// Nobody answered in time.
    Expired,
}

impl Extract for Answer {
    fn extract(request: &Request) -> Result<Self, Failure> {
        match &RunContext::of(request)?.started.decision {
            Some(Decision::Approved { by, signature, .. }) => {
                Ok(Self::Yes { by: by.clone(), signature: signature.clone() })
            }
            Some(Decision::Denied { by, answer, .. }) => {
                Ok(Self::No { by: by.clone(), answer: answer.clone() })
            }
            Some(Decision::Expired) => Ok(Self::Expired),
            Some(Decision::Pending) | None => {
                Err(Failure::structural("the handler's contract has no approval to answer"))
            }
        }
    }

    fn describe(signature: &mut Signature) {
        signature.needs_gate = true;
    }
}

/// The approval that this run spends (contract field `requires_approval`).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Approved {
    /// The plan's digest.
    pub plan: PlanDigest,
    /// The plan as it was approved, JSON text.
    pub text: String,
}

impl Extract for Approved {
    fn extract(request: &Request) -> Result<Self, Failure> {
        match &RunContext::of(request)?.started.approved {
            Some(plan) => Ok(Self { plan: plan.digest, text: plan.text.clone() }),
            None => Err(Failure::structural("the handler's contract requires no approval")),
        }
    }

    fn describe(signature: &mut Signature) {
        signature.needs_gate = true;
    }
}
