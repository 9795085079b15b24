//! R6: moving a delivery into the ledger to wait there.

use wingman_core::event::CloudEvent;

use super::lane;
use super::outcome::{Remains, dead_letter};
use super::record::to_json;
use super::row::{DeadReason, Execution, ParkReason, Parked, Phase, Row};
use super::state::{Result, State};
use super::worker::millis;
use crate::audit::stamp::Fact;

/// When a park is looked at again, and when it is given up on, in milliseconds.
#[derive(Clone, Copy)]
pub(super) struct Terms {
    pub(super) due_millis: u64,
    pub(super) deadline_millis: u64,
}

impl Terms {
    /// Until something wakes it, at the longest for the settings' deadline.
    pub(super) fn until_woken(state: &State<'_>) -> Self {
        let deadline_millis = state.now + millis(state.settings.park_deadline);
        Self { due_millis: u64::MAX / 4, deadline_millis }
    }

    /// For a retry at this time.
    pub(super) fn retry(state: &State<'_>, due_millis: u64) -> Self {
        Self { due_millis, ..Self::until_woken(state).past(due_millis) }
    }

    /// At once, when a process has the handler.
    pub(super) fn now(state: &State<'_>) -> Self {
        Self { due_millis: state.now, ..Self::until_woken(state) }
    }

    fn past(self, due_millis: u64) -> Self {
        Self { deadline_millis: self.deadline_millis.max(due_millis + 1), ..self }
    }
}

/// Parks a delivery: from the commit on, its bytes and its wait are the ledger's, and the broker's
/// copy can be acked. When parking is full, the newcomer goes to quarantine, never an older one.
pub(super) fn park(
    state: &mut State<'_>,
    execution: &mut Execution,
    event: &CloudEvent,
    reason: ParkReason,
    terms: Terms,
    remains: Remains<'_>,
) -> Result<()> {
    let earlier = state.parked(execution.id)?;
    let (sequence, since_millis) = match &earlier {
        Some(parked) => (parked.sequence, parked.since_millis),
        None if is_full(state)? => {
            let detail = format!("{} deliveries are parked already", state.settings.parked_max);
            return dead_letter(state, execution, DeadReason::ParkingFull, &detail, remains);
        }
        None => (take_place(state)?, state.now),
    };
    // A wait that goes on is neither stamped again nor given more time.
    let same = earlier.filter(|it| it.reason == reason);
    let deadline_millis = match (&reason, &same) {
        (ParkReason::Order { .. }, Some(earlier)) => earlier.deadline_millis,
        _ => terms.deadline_millis,
    };
    if same.is_none() {
        let fact = Fact::Parked {
            handler: execution.who.handler.clone(),
            reason: reason.as_str(),
            deadline_millis,
        };
        state.stamp(execution, fact)?;
    }
    state.rows.save(Row::Parked(Parked {
        execution: execution.id,
        handler: execution.who.handler.clone(),
        tree: execution.tree.clone(),
        lane: execution.lane(),
        sequence,
        reason: reason.clone(),
        since_millis,
        due_millis: terms.due_millis,
        deadline_millis,
        claim: None,
        original: remains.original(),
        message: to_json(event).into(),
    }))?;
    execution.phase = Phase::Parked { reason };
    execution.at_millis = state.now;
    state.rows.save(Row::Execution(execution.clone()))?;
    lane::wake_first(state, execution.lane())
}

/// Whether the ledger has no room for another parked delivery.
pub(super) fn is_full(state: &mut State<'_>) -> Result<bool> {
    Ok(state.counters()?.parked >= state.settings.parked_max as u64)
}

/// Counts another parked delivery, and returns its place in the order of its lane.
fn take_place(state: &mut State<'_>) -> Result<u64> {
    state.count(|counters| &mut counters.parked)?;
    state.count(|counters| &mut counters.parks)
}
