//! Parked deliveries whose wait is over: judged again, and started, in one step (R6).

use std::sync::Arc;

use wingman_core::event::CloudEvent;

use super::id::HandlerName;
use super::input::{Judged, Started};
use super::judge::weigh;
use super::outcome::{Remains, dead_letter};
use super::row::{Claim, DeadReason, Execution, Key, ParkReason, Parked, Phase, Row, Scan};
use super::state::{Result, State};
use super::worker::{abandon, millis};
use crate::ledger::{LedgerError, LedgerErrorKind};

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
    let due = state.parked_rows(&Scan::ParkedDue {
        handler: who.handler.clone(),
        now,
        max,
    })?;
    let mut started = Vec::new();
    for parked in due {
        started.extend(wake_one(state, claim, parked)?);
    }
    Ok(started)
}

fn wake_one(state: &mut State<'_>, claim: Claim, mut parked: Parked) -> Result<Option<Started>> {
    if let Some(holder) = parked.claim
        && (holder == claim || state.is_alive(&holder)?)
    {
        // Looked at again when that lease could have ended.
        parked.due_millis = state.now + millis(state.settings.worker_lease);
        state.rows.save(Row::Parked(parked))?;
        return Ok(None);
    }
    let Some(mut execution) = state.execution(parked.execution)? else {
        return Err(corrupt(&parked, "has no execution"));
    };
    if execution.phase.is_outcome() {
        state.rows.remove(&Key::Parked(parked.execution))?;
        return Ok(None);
    }
    if let Phase::Started { attempt, .. } = execution.phase {
        abandon(state, &execution, attempt, "lease")?;
        execution.phase = Phase::Waiting;
    }
    judge_again(state, claim, &parked, &mut execution)
}

fn judge_again(
    state: &mut State<'_>,
    claim: Claim,
    parked: &Parked,
    execution: &mut Execution,
) -> Result<Option<Started>> {
    let event = CloudEvent::from_json(&parked.message)
        .map_err(|error| corrupt(parked, &format!("does not decode: {error}")))?;
    let event = Arc::new(event);
    let remains = Remains {
        topic: "",
        position: "parked",
        headers: Vec::new(),
        payload: event.data.clone().unwrap_or_default(),
    };
    let verdict_on_time = match parked.reason {
        // Expiry is a verdict there, which the handler itself turns into an answer.
        ParkReason::Approval { .. } | ParkReason::Retry => true,
        ParkReason::Order { .. } | ParkReason::Behind => parked.deadline_millis > state.now,
    };
    if !verdict_on_time {
        let detail = format!("it waited too long for: {}", parked.reason.as_str());
        dead_letter(state, execution, DeadReason::ParkExpired, &detail, remains)?;
        return Ok(None);
    }
    let Some(recorded) = state.recorded(execution.event)? else {
        return Err(corrupt(parked, "is of an event that is not recorded"));
    };
    match weigh(state, claim, &event, &recorded, execution, true, remains)? {
        Judged::Run(started) => {
            if let Some(parked) = state.parked(execution.id)? {
                let due_millis = state.now + millis(state.settings.worker_lease);
                state.rows.save(Row::Parked(Parked {
                    claim: Some(claim),
                    due_millis,
                    ..parked
                }))?;
            }
            Ok(Some(*started))
        }
        Judged::Ack | Judged::Hold(_) => Ok(None),
    }
}

fn corrupt(parked: &Parked, what: &str) -> LedgerError {
    LedgerError::new(
        LedgerErrorKind::Corrupt,
        format!("parked delivery {} {what}", parked.execution),
    )
}
