//! What an execution sends on its way: recorded, then published by the relay.

use std::collections::BTreeSet;

use wingman_core::event::CloudEvent;

use super::id::EventKey;
use super::input::Objection;
use super::observe;
use super::record::{Lineage, enqueue, record};
use super::row::{Execution, OutboxState, RefusalCode};
use super::state::{Result, State};
use crate::audit::stamp::{Fact, commit};
use crate::contract::{FANOUT_MAX, HandlerContract};
use crate::digest::Digest;

/// Records an output and puts it into the outbox. In a fenced tree it is withheld at once, unless it
/// belongs to the rollback itself (R8).
pub(super) fn send(
    state: &mut State<'_>,
    execution: &Execution,
    event: &CloudEvent,
    exempt: bool,
) -> Result<(EventKey, Digest)> {
    let from = Lineage {
        tree: execution.tree.clone(),
        cause: Some(execution.id),
        depth: execution.depth + 1,
    };
    let withheld = !exempt && state.fence(execution.tree.clone())?.is_some();
    let outbox = if withheld { OutboxState::Withheld } else { OutboxState::Unpublished };
    let sequence = enqueue(state, event, &from, exempt, outbox)?;
    let recorded = record(state, event, from)?;
    if withheld {
        let fact = Fact::Withheld { event: recorded.key, sequence };
        state.stamp(execution, fact)?;
    }
    Ok((recorded.key, commit(&recorded.salt, &recorded.digest)))
}

/// Sends an event that no finish lists, with a stamp of its own: nothing leaves unstamped (G1).
pub(super) fn send_alone(
    state: &mut State<'_>,
    execution: &Execution,
    event: &CloudEvent,
) -> Result<()> {
    let (event, commitment) = send(state, execution, event, false)?;
    state.stamp(execution, Fact::Recorded { event, commitment })?;
    Ok(())
}

/// Why outputs may not be recorded.
pub(super) enum Fault {
    /// The contract or the type's schema does not allow it.
    Policy(Objection),
    /// The ledger cannot take it, whatever a contract says.
    Never(String),
}

/// Why outputs may not be recorded, all of it: P-01 for types and fan-out, the types' schemas, the
/// ledger's bounds. What takes the identity of another event is among them: nothing recorded is ever
/// written over (R1).
pub(super) fn faults(
    state: &mut State<'_>,
    contract: &HandlerContract,
    outputs: &[CloudEvent],
) -> Result<Vec<Fault>> {
    let mut faults = Vec::new();
    let policy = |code, about: &str, detail| {
        Fault::Policy(Objection { code, about: about.to_owned(), detail })
    };
    let (count, fanout) = (outputs.len(), contract.limits.fanout);
    if count > fanout as usize {
        let detail = format!("{count} outputs, and limits.fanout is {fanout}");
        faults.push(policy(RefusalCode::Scope.as_str(), &contract.name, detail));
    }
    if count > FANOUT_MAX as usize {
        let detail = format!("{count} outputs, and one stamp can name {FANOUT_MAX}");
        faults.push(Fault::Never(detail));
    }
    faults.extend(after_done(contract, outputs).map(Fault::Policy));
    let mut seen = BTreeSet::new();
    for output in outputs {
        let (ty, key) = (output.ty(), EventKey::of(output));
        let data = output.data.as_deref().unwrap_or_default();
        if !contract.emits.contains(ty) {
            let detail = format!("{ty} is not among what {} emits", contract.name);
            faults.push(policy(RefusalCode::Scope.as_str(), ty, detail));
        }
        let bytes_max = state.settings.output_bytes_max;
        if data.len() > bytes_max {
            let detail = format!("{ty} has {} bytes, and the most is {bytes_max}", data.len());
            faults.push(Fault::Never(detail));
        }
        if let Err(error) = state.contracts.validate_body(ty, data) {
            faults.push(policy(observe::SCHEMA, ty, error.to_string()));
        }
        if !seen.insert(key) || state.recorded(key)?.is_some() {
            let detail = format!("{ty} has the id {} of another event", output.id());
            faults.push(Fault::Never(detail));
        }
    }
    Ok(faults)
}

/// P-01: the event that completes the mission is the last of a run.
fn after_done(contract: &HandlerContract, outputs: &[CloudEvent]) -> Option<Objection> {
    let done = contract.scope.done.as_deref()?;
    let at = outputs.iter().position(|output| output.ty() == done)?;
    let more = outputs.get(at + 1)?.ty();
    let detail = format!("{more} after {done}, which completes the mission of {}", contract.name);
    Some(Objection::of(RefusalCode::Scope, more, detail))
}
