//! The extractor for a handler that answers a failure: it looks at what was done and asks for it to
//! be undone.

use std::sync::Arc;

use serde::{Deserialize, Serialize};
use wingman_core::handler::{Extract, Failure, Request, Signature};

use crate::contract::Level;
use crate::governor::RunContext;
use crate::protocol::input::Objection;
use crate::protocol::row::{Effect, EffectState, UndoKind};

/// The tool name under which a contract grants this, at level `admin`.
pub const TOOL: &str = "wingman.rollback";

/// Plans the undoing of the event's tree. The plan itself changes nothing; asking for it fences the
/// tree in the step in which the handler finishes (R8), and the rollback engine does the rest.
#[derive(Clone)]
pub struct Rollback {
    run: Arc<RunContext>,
}

/// What will be undone.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Compensation {
    /// The undos, in the order in which they are done.
    pub undos: Vec<PlannedUndo>,
    /// Calls that cannot be undone, by tool.
    pub irreversible: Vec<String>,
}

/// One undo.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct PlannedUndo {
    /// The tool that made the effect.
    pub tool: String,
    /// The effect's number in its execution.
    pub index: u32,
}

impl std::fmt::Debug for Rollback {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Rollback").finish_non_exhaustive()
    }
}

impl Extract for Rollback {
    fn extract(request: &Request) -> Result<Self, Failure> {
        Ok(Self { run: RunContext::of(request)? })
    }

    fn describe(signature: &mut Signature) {
        signature.needs_gate = true;
    }
}

impl Rollback {
    /// Plans the undoing of the tree that the handled event belongs to, and asks for it.
    ///
    /// # Errors
    /// A structural [`Failure`] if the contract does not grant `wingman.rollback: admin`; an
    /// environmental one if the ledger cannot be read.
    pub fn undo_tree(&self) -> Result<Compensation, Failure> {
        let handler = &self.run.who.handler;
        let contract = self
            .run
            .core
            .contracts
            .handler(handler)
            .ok_or_else(|| Failure::structural(format!("{handler} has no contract")))?;
        if let Err(denied) = contract.permits(TOOL, Level::Admin) {
            let objection = || Objection::from_denied(&denied, TOOL);
            if !self.run.only_observes(objection) {
                return Err(Failure::structural(denied));
            }
        }
        let tree = self.run.started.event.correlation();
        let effects = self.run.core.reader.effects_in(tree).map_err(Failure::environmental)?;
        self.run.request_fence();
        Ok(plan(effects))
    }
}

/// The undoing of these effects of one tree, newest first.
pub fn plan(effects: Vec<Effect>) -> Compensation {
    let mut plan = Compensation { undos: Vec::new(), irreversible: Vec::new() };
    for effect in effects.into_iter().rev() {
        let open = match effect.state {
            EffectState::Void | EffectState::Compensated | EffectState::Resolved { .. } => false,
            EffectState::Registered
            | EffectState::Applied
            | EffectState::Unknown
            | EffectState::Pending { .. }
            | EffectState::Compensating { .. }
            | EffectState::Quarantined => true,
        };
        match effect.undo {
            _ if !open => {}
            UndoKind::None => {}
            UndoKind::Compensatable => {
                plan.undos.push(PlannedUndo { tool: effect.tool, index: effect.key.index });
            }
            UndoKind::Irreversible => plan.irreversible.push(effect.tool),
        }
    }
    plan
}
