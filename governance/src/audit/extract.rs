//! The extractor for a handler that hands out proofs of what was recorded.

use std::sync::Arc;

use wingman_core::handler::{Extract, Failure, Request, Signature};

use super::proof::InclusionProof;
use crate::digest::Digest;
use crate::governor::RunContext;
use crate::protocol::id::ExecutionId;

/// Proves that the execution that emitted the handled event is in the log.
#[derive(Clone)]
pub struct Proofs {
    run: Arc<RunContext>,
}

/// A leaf of the log and the proof that it is in it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Proven {
    /// The leaf's index.
    pub leaf: u64,
    /// Its hash.
    pub hash: Digest,
    /// The root that the proof leads to.
    pub root: Digest,
    /// The proof; it was checked against the root before it was handed out.
    pub proof: InclusionProof,
}

impl std::fmt::Debug for Proofs {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Proofs").finish_non_exhaustive()
    }
}

impl Extract for Proofs {
    fn extract(request: &Request) -> Result<Self, Failure> {
        Ok(Self { run: RunContext::of(request)? })
    }

    fn describe(signature: &mut Signature) {
        signature.needs_gate = true;
    }
}

impl Proofs {
    /// The outcome stamp of the execution that emitted the handled event, with its proof.
    ///
    /// # Errors
    /// A structural [`Failure`] if the event has no causing execution, or its proof does not hold;
    /// an environmental one if the ledger cannot be read.
    pub fn of_cause(&self) -> Result<Proven, Failure> {
        let event = &self.run.started.event;
        let cause: ExecutionId = event
            .extension(wingman_core::event::extension::CAUSATION)
            .and_then(|text| text.parse().ok())
            .ok_or_else(|| Failure::structural("the event names no execution that caused it"))?;
        let reader = &self.run.core.reader;
        let execution = reader.execution(cause).map_err(Failure::environmental)?;
        let leaf = execution
            .and_then(|execution| execution.stamp)
            .ok_or_else(|| Failure::structural("the causing execution has no stamp"))?;
        reader.prove(leaf).map_err(Failure::environmental)
    }
}
