//! The extractor by which a handler gives account of its output (P-05).

use std::sync::Arc;

use serde::Serialize;
use wingman_core::handler::{Extract, Failure, Request, Signature};

use super::coherence::Coherence;
use crate::governor::RunContext;

/// Takes what a handler hands in beside its output: the coherence that its contract asks for, and the
/// document that the handled event's contract names (`audit_artifact`). Both are judged when the run
/// finishes: what is asked for and missing refuses the run with `P-05`, and what its tools did is
/// undone. What is not asked for is not kept.
///
/// ```
/// use wingman_governance::audit::{Account, Coherence, UncertaintyLevel};
///
/// async fn reprice(account: Account) {
///     let worth = Coherence::default()
///         .assumption("the list is current")
///         .uncertainty(UncertaintyLevel::Low, "a person wrote it")
///         .rollback("the file is restored")
///         .responsibility("ada");
///     account.coherence(worth);
/// }
/// ```
#[derive(Clone)]
pub struct Account {
    run: Arc<RunContext>,
}

impl std::fmt::Debug for Account {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Account").field("handler", &self.run.who.handler).finish_non_exhaustive()
    }
}

impl Extract for Account {
    fn extract(request: &Request) -> Result<Self, Failure> {
        Ok(Self { run: RunContext::of(request)? })
    }

    fn describe(signature: &mut Signature) {
        signature.needs_gate = true;
    }
}

impl Account {
    /// Says what the output is worth; the last word counts.
    pub fn coherence(&self, coherence: Coherence) {
        self.run.handed_in().coherence = Some(coherence);
    }

    /// Hands in the document; the last one counts.
    ///
    /// # Errors
    /// A structural [`Failure`] if it does not serialise as JSON.
    pub fn artifact(&self, document: &impl Serialize) -> Result<(), Failure> {
        let document = serde_json::to_string(document).map_err(Failure::structural)?;
        self.run.handed_in().artifact = Some(document);
        Ok(())
    }
}
