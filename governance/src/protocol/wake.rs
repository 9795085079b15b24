//! Parked deliveries whose wait is over: judged again, and started, in one step (R6).

use std::sync::Arc;

use wingman_core::event::CloudEvent;

use super::id::{ExecutionId, HandlerName};
use super::input::{Judged, Started};
use super::judge::{HOLD_MILLIS, weigh};
use super::lane;
use super::outcome::{Received, Remains, dead_letter};
use super::row::{
    Claim, DeadLetter, DeadReason, Execution, Fate, Key, ParkReason, Parked, Phase, Row, Scan,
};
use super::state::{Result, State};
use super::worker::{LEASE, abandon, millis};

pub(super) fn wake(
    state: &mut State<'_>,
    claim: Claim,
    who: &HandlerName,
    max: usize,
) -> Result<Vec<Started>> {
    if state.is_halted(&who.handler)? || !state.is_alive(&claim)? {
        return Ok(Vec::new());
    }
    let now = state.now;
    let due = state.parked_rows(&Scan::ParkedDue { handler: who.handler.clone(), now, max })?;
    let mut started = Vec::new();
    for parked in due {
        started.extend(wake_one(state, claim, parked)?);
    }
    Ok(started)
}

fn wake_one(state: &mut State<'_>, claim: Claim, mut parked: Parked) -> Result<Option<Started>> {
    let Some(mut execution) = state.execution(parked.execution)? else {
        return set_aside(state, parked);
    };
    if execution.phase.is_outcome() {
        lane::leave(state, &execution)?;
        return Ok(None);
    }
    if let Phase::Started { claim: holder, attempt } = execution.phase {
        if state.is_alive(&holder)? {
            // Looked at again when that lease could have ended.
            parked.due_millis = state.now + millis(state.settings.worker_lease);
            state.rows.save(Row::Parked(parked))?;
            return Ok(None);
        }
        abandon(state, &mut execution, attempt, LEASE)?;
    }
    if let ParkReason::Replay { after } = &parked.reason
        && runs_any(state, after)?
    {
        parked.due_millis = state.now + HOLD_MILLIS;
        state.rows.save(Row::Parked(parked))?;
        return Ok(None);
    }
    judge_again(state, claim, &parked, &mut execution)
}

/// Whether one of these executions still runs.
fn runs_any(state: &mut State<'_>, executions: &[ExecutionId]) -> Result<bool> {
    for id in executions {
        if let Some(Execution { phase: Phase::Started { claim, .. }, .. }) = state.execution(*id)?
            && state.is_alive(&claim)?
        {
            return Ok(true);
        }
    }
    Ok(false)
}

fn judge_again(
    state: &mut State<'_>,
    claim: Claim,
    parked: &Parked,
    execution: &mut Execution,
) -> Result<Option<Started>> {
    let event = match CloudEvent::from_json(&parked.message) {
        Ok(event) => Arc::new(event),
        Err(error) => return damaged(state, execution, parked, &error.to_string()),
    };
    let remains = Remains { event: Some(&event), received: Received::Kept(&parked.original) };
    let is_over = match parked.reason {
        // The answer or its absence is a verdict, which the handler itself tells the others; retries
        // end with their schedule; what is before it in the lane has a deadline of its own; and a
        // replay waits for a process only, which is here.
        ParkReason::Approval { .. }
        | ParkReason::Retry
        | ParkReason::Behind
        | ParkReason::Replay { .. } => false,
        ParkReason::Order { .. } => parked.deadline_millis <= state.now,
    };
    if is_over {
        let detail = format!("it waited too long for: {}", parked.reason.as_str());
        dead_letter(state, execution, DeadReason::ParkExpired, &detail, remains)?;
        return Ok(None);
    }
    let Some(recorded) = state.recorded(execution.event)? else {
        return damaged(state, execution, parked, "its event is not recorded any more");
    };
    match weigh(state, claim, &event, &recorded, execution, Some(parked), remains)? {
        Judged::Run(started) => {
            if let Some(parked) = state.parked(execution.id)? {
                let due_millis = state.now + millis(state.settings.worker_lease);
                state.rows.save(Row::Parked(Parked {
                    claim: Some(claim),
                    due_millis,
                    // If this attempt is lost, the next one is what it waits for.
                    reason: ParkReason::Retry,
                    ..parked
                }))?;
            }
            Ok(Some(*started))
        }
        Judged::Ack | Judged::Hold(_) => Ok(None),
    }
}

/// A row that somebody damaged ends in quarantine, with what is left of it, and holds up nobody else.
fn damaged(
    state: &mut State<'_>,
    execution: &mut Execution,
    parked: &Parked,
    detail: &str,
) -> Result<Option<Started>> {
    let remains = Remains { event: None, received: Received::Kept(&parked.original) };
    dead_letter(state, execution, DeadReason::Damaged, detail, remains)?;
    Ok(None)
}

/// Without its execution there is no outcome to write: what was received goes into quarantine alone.
fn set_aside(state: &mut State<'_>, parked: Parked) -> Result<Option<Started>> {
    let mut counters = state.counters()?;
    counters.parked = counters.parked.saturating_sub(1);
    state.rows.save(Row::Counters(counters))?;
    state.rows.remove(&Key::Parked(parked.execution))?;
    state.rows.save(Row::DeadLetter(DeadLetter {
        execution: parked.execution,
        reason: DeadReason::Damaged,
        detail: "its execution is not in the ledger any more".to_owned(),
        at_millis: state.now,
        attempts: Vec::new(),
        original: parked.original,
        event: parked.message,
        fate: Fate::Waiting,
    }))?;
    lane::wake_first(state, parked.lane)?;
    Ok(None)
}
