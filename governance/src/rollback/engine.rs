//! Undoes what the protocol hands out, in the order in which it hands it out.

use std::collections::VecDeque;
use std::sync::Arc;

use serde_json::Value;

use crate::governor::Core;
use crate::permission::{Call, Probed, ToolRegistry};
use crate::protocol::input::{Input, Reply, UndoOutcome};
use crate::protocol::row::{Claim, Effect};

/// Effects that one round may take.
const ROUND_MAX: usize = 16;

/// Runs until the governor stops: asks for effects that can be undone, and undoes them.
pub(crate) async fn run(core: Arc<Core>) {
    let mut commits = core.commits();
    let mut handed = VecDeque::new();
    while core.is_running() {
        if !core.reader.has_undo_work().unwrap_or(false) || !round(&core, &mut handed).await {
            core.rest(&mut commits).await;
        }
    }
}

/// An effect that was handed out, and what came of it.
pub(super) struct Undoing {
    claim: Claim,
    effect: Effect,
    outcome: Option<UndoOutcome>,
}

/// One round; true if there was something to undo. What the ledger did not take is kept for the next
/// round: nobody else undoes it while this process lives.
pub(super) async fn round(core: &Core, handed: &mut VecDeque<Undoing>) -> bool {
    if handed.is_empty() {
        let tools = core.tools.names().map(str::to_owned).collect();
        let claim = core.claim();
        let asked = core.ask(Input::Undo { claim, tools, max: ROUND_MAX }).await;
        let Ok(Reply::Undoing(effects)) = asked else { return false };
        let undoing = |effect| Undoing { claim, effect, outcome: None };
        handed.extend(effects.into_iter().map(undoing));
    }
    let some = !handed.is_empty();
    while let Some(Undoing { claim, effect, outcome }) = handed.front_mut() {
        // Another worker may have taken it over, so nothing is done; if none has, it is due again.
        let outcome = match (*outcome, core.holds(*claim)) {
            (Some(outcome), _) => outcome,
            (None, true) => *outcome.insert(undo(&core.tools, effect).await),
            (None, false) => UndoOutcome::Failed,
        };
        let input = Input::Undone { claim: *claim, effect: effect.key, outcome };
        if let Err(error) = core.ask(input).await {
            tracing::error!(%error, "Ledger refused the outcome of an undo; it is told again");
            return false;
        }
        handed.pop_front();
    }
    some
}

/// Undoes one effect with the tool that made it; what nobody knows the outcome of is probed first.
pub async fn undo(tools: &ToolRegistry, effect: &Effect) -> UndoOutcome {
    let Some(tool) = tools.get(&effect.tool) else {
        return UndoOutcome::Failed;
    };
    let Ok(arguments) = serde_json::from_str::<Value>(&effect.arguments) else {
        return UndoOutcome::Undecidable;
    };
    let key = crate::permission::idempotency_key(&effect.key);
    let call = Call { arguments: &arguments, idempotency_key: &key };
    if effect.must_be_probed() {
        match tool.probe(call, &effect.before).await {
            Ok(Probed::Applied(_)) => {}
            Ok(Probed::NotApplied) => return UndoOutcome::NeverHappened,
            Ok(Probed::Undecidable) => return UndoOutcome::Undecidable,
            Err(_) => return UndoOutcome::Failed,
        }
    }
    match tool.undo(call, &effect.before).await {
        Ok(()) => UndoOutcome::Undone,
        Err(error) => {
            tracing::warn!(%error, tool = effect.tool, "Undo failed");
            UndoOutcome::Failed
        }
    }
}
