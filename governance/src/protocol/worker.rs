//! R2: processes and their leases.

use super::id::WorkerId;
use super::input::Reply;
use super::row::{AttemptFailure, Claim, Execution, Phase, Row, Worker};
use super::state::{Result, State};
use super::tool;
use crate::audit::stamp::Fact;

/// Why an attempt was abandoned: its worker's lease ended. It counts as a failure.
pub(super) const LEASE: &str = "lease";
/// Why an attempt was abandoned: its worker drained. It does not count.
pub(super) const DRAIN: &str = "drain";

pub(super) fn join(state: &mut State<'_>, id: WorkerId, handlers: Vec<String>) -> Result<Reply> {
    let epoch = state.count(|counters| &mut counters.epochs)?;
    let seen = control_version(state)?;
    let expires_millis = lease_end(state);
    let mode = state.settings.mode;
    state.rows.save(Row::Worker(Worker { id, epoch, expires_millis, seen, handlers, mode }))?;
    state.append(None, None, Fact::WorkerJoined { worker: id, epoch, mode })?;
    Ok(Reply::Joined(Claim { worker: id, epoch }))
}

/// A lease that ran out is renewed only if nobody buried the worker: until then no other process
/// has acted on its end without saying so in the rows.
pub(super) fn heartbeat(state: &mut State<'_>, claim: Claim, seen: u64) -> Result<Reply> {
    let expires_millis = lease_end(state);
    match state.worker(claim.worker)? {
        Some(worker) if worker.epoch == claim.epoch && worker.expires_millis > state.now => {
            state.rows.save(Row::Worker(Worker { expires_millis, seen, ..worker }))?;
            Ok(Reply::Alive(Some(control_version(state)?)))
        }
        Some(_) | None => Ok(Reply::Alive(None)),
    }
}

pub(super) fn bury(state: &mut State<'_>, id: WorkerId) -> Result<Reply> {
    if let Some(worker) = state.worker(id)?
        && worker.expires_millis > 0
    {
        let epoch = worker.epoch;
        state.rows.save(Row::Worker(Worker { expires_millis: 0, ..worker }))?;
        state.append(None, None, Fact::WorkerLost { worker: id, epoch })?;
    }
    Ok(Reply::Done)
}

/// Ends an attempt whose worker is gone: what it was doing is unknown from now on, and what it may
/// still bring is late.
pub(super) fn abandon(
    state: &mut State<'_>,
    execution: &mut Execution,
    attempt: u32,
    reason: &'static str,
) -> Result<()> {
    let worker = execution.phase.claim().map(|claim| claim.worker);
    state.stamp(execution, Fact::Abandoned { attempt, reason })?;
    tool::give_up(state, execution)?;
    // A delivery that kills its process must come to an end too (T6).
    if reason == LEASE {
        execution.failures.push(AttemptFailure {
            attempt,
            at_millis: state.now,
            reason: "its process ended or lost its lease".to_owned(),
            worker,
        });
    }
    execution.phase = Phase::Waiting;
    execution.at_millis = state.now;
    state.rows.save(Row::Execution(execution.clone()))
}

pub(super) fn control_version(state: &mut State<'_>) -> Result<u64> {
    Ok(state.counters()?.control)
}

fn lease_end(state: &State<'_>) -> u64 {
    state.now + millis(state.settings.worker_lease)
}

/// A duration in milliseconds.
pub(super) fn millis(duration: std::time::Duration) -> u64 {
    u64::try_from(duration.as_millis()).unwrap_or(u64::MAX / 4)
}
