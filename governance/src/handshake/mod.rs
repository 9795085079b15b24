//! P-04 Responsibility Handshake: who answers a plan, how the answer is signed, and what the handler
//! that asked gets of it.

mod approver;
mod extract;

pub use approver::{AnswerError, Approver, verify_answer, verify_resolution, verify_review};
pub use extract::{Answer, Approved};
