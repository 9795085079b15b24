//! T3 among parked deliveries: one at a time, in the order of the lane.
//!
//! A lane in which something is parked works from the ledger alone: what the broker still brings
//! parks behind it, and [`wake`](super::wake) starts one after the other. So nothing that was woken
//! ever runs beside what the broker brought.

use super::id::Lane;
use super::row::{Execution, Key, ParkReason, Parked, Row, Scan};
use super::state::{Result, State};

/// Whether something of its lane comes before a delivery that the broker brought. Even those that
/// wait for an ordering rule count: once woken, they must find this one in the ledger.
pub(super) fn is_taken(state: &mut State<'_>, execution: &Execution) -> Result<bool> {
    let Some(lane) = execution.lane() else {
        return Ok(false);
    };
    Ok(state.counters()?.parked > 0 && !rows(state, lane, true)?.is_empty())
}

/// Whether something of its lane comes before a delivery that was woken. What had started goes on
/// before anything else.
pub(super) fn is_before(state: &mut State<'_>, parked: &Parked) -> Result<bool> {
    let Some(lane) = parked.lane.clone().filter(|_| parked.claim.is_none()) else {
        return Ok(false);
    };
    let others = rows(state, lane, false)?;
    Ok(others
        .iter()
        .filter(|it| it.execution != parked.execution)
        .any(|it| it.claim.is_some() || it.sequence < parked.sequence))
}

/// Lets the first of a lane be looked at, if it only waited for those before it.
pub(super) fn wake_first(state: &mut State<'_>, lane: Option<Lane>) -> Result<()> {
    let Some(lane) = lane else { return Ok(()) };
    if state.counters()?.parked == 0 {
        return Ok(());
    }
    if let Some(mut first) = rows(state, lane, false)?.into_iter().next()
        && first.claim.is_none()
        && first.reason == ParkReason::Behind
        && first.due_millis > state.now
    {
        first.due_millis = state.now;
        state.rows.save(Row::Parked(first))?;
    }
    Ok(())
}

/// Removes the parked bytes of an execution that has its outcome, and wakes the next of its lane.
pub(super) fn leave(state: &mut State<'_>, execution: &Execution) -> Result<()> {
    let mut counters = state.counters()?;
    if counters.parked == 0 {
        return Ok(());
    }
    if state.parked(execution.id)?.is_some() {
        state.rows.remove(&Key::Parked(execution.id))?;
        counters.parked -= 1;
        state.rows.save(Row::Counters(counters))?;
    }
    wake_first(state, execution.lane())
}

/// The one that runs, if any, and the first that waits.
fn rows(state: &mut State<'_>, lane: Lane, with_ordered: bool) -> Result<Vec<Parked>> {
    state.parked_rows(&Scan::ParkedLane { lane, with_ordered, max: 2 })
}
