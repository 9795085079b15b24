//! What an execution sends on its way: recorded, then published by the relay.

use std::collections::BTreeSet;

use wingman_core::event::CloudEvent;

use super::id::EventKey;
use super::record::{Lineage, enqueue, record};
use super::row::{Execution, OutboxState};
use super::state::{Result, State};
use crate::audit::stamp::{Fact, commit};
use crate::contract::HandlerContract;
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

/// Why outputs may not be recorded, if so: P-01 for types and fan-out; else their own faults. What
/// takes the identity of another event is among them: nothing recorded is ever written over (R1).
pub(super) fn check(
    state: &mut State<'_>,
    contract: &HandlerContract,
    outputs: &[CloudEvent],
) -> Result<Option<String>> {
    if outputs.len() > contract.limits.fanout as usize {
        return Ok(Some(format!(
            "{} outputs, and limits.fanout is {}",
            outputs.len(),
            contract.limits.fanout
        )));
    }
    if let Some(fault) = after_done(contract, outputs) {
        return Ok(Some(fault));
    }
    let mut seen = BTreeSet::new();
    for output in outputs {
        let key = EventKey::of(output);
        if let Some(fault) = fault(state, contract, output) {
            return Ok(Some(fault));
        }
        if !seen.insert(key) || state.recorded(key)?.is_some() {
            let (ty, id) = (output.ty(), output.id());
            return Ok(Some(format!("{ty} has the id {id} of another event")));
        }
    }
    Ok(None)
}

/// P-01: the event that completes the mission is the last of a run.
fn after_done(contract: &HandlerContract, outputs: &[CloudEvent]) -> Option<String> {
    let done = contract.scope.done.as_deref()?;
    let at = outputs.iter().position(|output| output.ty() == done)?;
    let more = outputs.get(at + 1)?;
    Some(format!(
        "P-01 {} after {done}, which completes the mission of {}",
        more.ty(),
        contract.name
    ))
}

fn fault(state: &State<'_>, contract: &HandlerContract, output: &CloudEvent) -> Option<String> {
    let ty = output.ty();
    let data = output.data.as_deref().unwrap_or_default();
    if !contract.emits.contains(ty) {
        return Some(format!("P-01 {ty} is not among what {} emits", contract.name));
    }
    if data.len() > state.settings.output_bytes_max {
        return Some(format!(
            "{ty} has {} bytes, and the most is {}",
            data.len(),
            state.settings.output_bytes_max
        ));
    }
    state.contracts.validate_body(ty, data).err().map(|error| error.to_string())
}
