//! P-01 Scope Lock, and the engines of P-01 and P-02 for handlers that judge on behalf of another.

use std::sync::Arc;

use wingman_core::handler::{Extract, Failure, Request, Signature};

use crate::contract::{Denied, Level};
use crate::governor::RunContext;
use crate::protocol::input::Objection;

/// Judges an action against the contract of the handler that will take it, before a plan is made.
/// Gate and tools judge again when it is taken: this only says so early.
#[derive(Clone)]
pub struct Boundaries {
    run: Arc<RunContext>,
}

impl std::fmt::Debug for Boundaries {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Boundaries").finish_non_exhaustive()
    }
}

impl Extract for Boundaries {
    fn extract(request: &Request) -> Result<Self, Failure> {
        Ok(Self { run: RunContext::of(request)? })
    }

    fn describe(signature: &mut Signature) {
        signature.needs_gate = true;
    }
}

/// Why an action is outside the boundaries, in the engine's words.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OutOfBounds {
    /// `P-01` or `P-02`.
    pub code: &'static str,
    /// What was asked and why it is refused.
    pub reason: String,
}

impl Boundaries {
    /// P-01: whether the tool is in the handler's scope, whatever level it needs.
    ///
    /// # Errors
    /// [`OutOfBounds`] with `P-01`.
    pub fn scope(&self, handler: &str, tool: &str) -> Result<(), OutOfBounds> {
        match self.denied(handler, tool)? {
            Some(denied @ Denied::OutOfScope { .. }) => self.refuse(&denied, tool),
            Some(Denied::LevelNotHeld { .. }) | None => Ok(()),
        }
    }

    /// P-01 and P-02: whether the handler may call the tool at the level that it needs.
    ///
    /// # Errors
    /// [`OutOfBounds`] with the code of the primitive that is not satisfied.
    pub fn permission(&self, handler: &str, tool: &str) -> Result<(), OutOfBounds> {
        self.denied(handler, tool)?.map_or(Ok(()), |denied| self.refuse(&denied, tool))
    }

    /// The consequence class that the handler's contract declares.
    pub fn consequence_class(&self, handler: &str) -> Option<u8> {
        self.run.core.contracts.handler(handler).map(|contract| contract.consequence_class)
    }

    /// In observe the action is within the boundaries, and what it would have met is stamped.
    fn refuse(&self, denied: &Denied, tool: &str) -> Result<(), OutOfBounds> {
        if self.run.only_observes(|| Objection::from_denied(denied, tool)) {
            return Ok(());
        }
        Err(OutOfBounds { code: denied.code(), reason: denied.to_string() })
    }

    fn denied(&self, handler: &str, tool: &str) -> Result<Option<Denied>, OutOfBounds> {
        let contract = self.run.core.contracts.handler(handler).ok_or_else(|| OutOfBounds {
            code: "P-01",
            reason: format!("{handler} has no contract"),
        })?;
        // A tool that this process does not have is judged at the lowest level: scope decides.
        let level = self.run.core.tools.get(tool).map_or(Level::Read, |tool| tool.level());
        Ok(contract.permits(tool, level).err())
    }
}
