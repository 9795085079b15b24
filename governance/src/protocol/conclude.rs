//! How a run ends: outcome, next attempt, or nothing, because the run was no longer current (R2).

use wingman_core::event::CloudEvent;

use super::evidence;
use super::input::{Conclude, Concluded, HandedIn, Objection, Run, RunEnding};
use super::observe::{self, upheld};
use super::outcome::{Received, Remains, dead_letter, refuse, settle};
use super::output::{self, Fault};
use super::park::{Terms, park};
use super::row::{
    AttemptFailure, DeadReason, Effect, EffectState, Execution, ParkReason, Phase, RefusalCode,
    Row, UndoKind,
};
use super::state::{Result, State};
use super::tool;
use super::undo;
use super::worker::{DRAIN, abandon, millis};
use crate::audit::stamp::{Fact, Outputs};

/// The execution of a run, if that run is still the current one.
pub(super) fn current(state: &mut State<'_>, run: &Run) -> Result<Option<Execution>> {
    let Some(execution) = state.execution(run.execution)? else {
        return Ok(None);
    };
    let held = Phase::Started { claim: run.claim, attempt: run.attempt };
    Ok((execution.phase == held).then_some(execution))
}

pub(super) fn conclude(state: &mut State<'_>, conclude: Conclude) -> Result<Concluded> {
    let Some(mut execution) = current(state, &conclude.run)? else {
        let Run { execution, claim, attempt } = conclude.run;
        let fact = Fact::Late { attempt, worker: claim.worker, epoch: claim.epoch };
        state.append(Some(execution), None, fact)?;
        return Ok(Concluded::Late);
    };
    let Conclude { run, ending, event, delivered, objections } = conclude;
    tool::give_up(state, &execution)?;
    observe::note(state, &mut execution, run.attempt, objections)?;
    let kept = match &delivered {
        Some(_) => None,
        None => state.parked(execution.id)?.map(|parked| parked.original),
    };
    let kept = kept.unwrap_or_default();
    let received = delivered.as_deref().map_or(Received::Kept(&kept), Received::Delivered);
    let remains = Remains { event: Some(&event), received };
    match ending {
        RunEnding::Finished { outputs, fence, handed_in } => {
            let finished = Finished { outputs: &outputs, fence, handed_in };
            finish(state, &mut execution, &run, finished, &event, remains)
        }
        RunEnding::Refused { code, detail, output } => {
            let code = RefusalCode::from_text(&code);
            refused(state, &mut execution, &run, (code, detail), output.as_deref(), remains)
        }
        RunEnding::Failed { structural, reason } => {
            failed(state, &mut execution, &run, &event, structural, reason, remains)
        }
        RunEnding::Abandoned => abandoned(state, execution, &run),
    }
}

/// What a handler that finished gave.
struct Finished<'a> {
    outputs: &'a [CloudEvent],
    fence: bool,
    handed_in: HandedIn,
}

fn finish(
    state: &mut State<'_>,
    execution: &mut Execution,
    run: &Run,
    Finished { outputs, fence, handed_in }: Finished<'_>,
    event: &CloudEvent,
    remains: Remains<'_>,
) -> Result<Concluded> {
    if let Some(fault) = output_fault(state, execution, run, outputs)? {
        return output_refused(state, execution, run, &fault, remains);
    }
    let mut noted = Vec::new();
    let taken = match evidence::judge(state, execution, handed_in, &mut noted) {
        Ok(taken) => taken,
        Err(detail) => {
            refuse(state, execution, event, RefusalCode::Audit, &detail)?;
            // What nobody accounts for does not stand; nothing follows from it yet.
            disown_before(state, execution, run.attempt + 1)?;
            return Ok(Concluded::Ack);
        }
    };
    observe::note(state, execution, run.attempt, noted)?;
    // What this attempt did not repeat is nobody's (R3).
    disown_before(state, execution, run.attempt)?;
    // The outputs of the handler that answers a failure belong to the rollback: exempt (R8).
    let sent = outputs
        .iter()
        .map(|event| output::send(state, execution, event, fence))
        .collect::<Result<Vec<_>>>()?;
    let handler = execution.who.handler.clone();
    let (coherence, artifact) = evidence::keep(state, execution, taken)?;
    let (attempt, outputs) = (run.attempt, Outputs(sent));
    let fact = Fact::Finished { handler, attempt, outputs, coherence, artifact };
    settle(state, execution, Phase::Finished, fact)?;
    if fence {
        undo::fence(state, &execution.tree, Some(execution.id))?;
    }
    Ok(Concluded::Ack)
}

/// Why outputs are not taken, if so. What is only observed is noted, once nothing else is wrong.
fn output_fault(
    state: &mut State<'_>,
    execution: &mut Execution,
    run: &Run,
    outputs: &[CloudEvent],
) -> Result<Option<String>> {
    let contracts = state.contracts;
    let Some(contract) = contracts.handler(&execution.who.handler) else {
        return Ok(None);
    };
    let mut noted = Vec::new();
    for fault in output::faults(state, contract, outputs)? {
        match fault {
            Fault::Never(detail) => return Ok(Some(detail)),
            Fault::Policy(objection) => {
                if let Some(Objection { code, detail, .. }) = upheld(state, &mut noted, objection) {
                    return Ok(Some(format!("{code} {detail}")));
                }
            }
        }
    }
    observe::note(state, execution, run.attempt, noted)?;
    Ok(None)
}

/// What the handler returned breaks its contract: another attempt would return it again.
fn output_refused(
    state: &mut State<'_>,
    execution: &mut Execution,
    run: &Run,
    fault: &str,
    remains: Remains<'_>,
) -> Result<Concluded> {
    note_failure(state, execution, run, fault);
    dead_letter(state, execution, DeadReason::OutputRefused, fault, remains)?;
    Ok(Concluded::Ack)
}

fn note_failure(state: &State<'_>, execution: &mut Execution, run: &Run, reason: &str) {
    execution.failures.push(AttemptFailure {
        attempt: run.attempt,
        at_millis: state.now,
        reason: reason.to_owned(),
        worker: Some(run.claim.worker),
    });
}

fn refused(
    state: &mut State<'_>,
    execution: &mut Execution,
    run: &Run,
    (code, detail): (RefusalCode, String),
    output: Option<&CloudEvent>,
    remains: Remains<'_>,
) -> Result<Concluded> {
    let outputs: Vec<CloudEvent> = output.cloned().into_iter().collect();
    if let Some(fault) = output_fault(state, execution, run, &outputs)? {
        return output_refused(state, execution, run, &fault, remains);
    }
    execution.refusal = Some(detail);
    let handler = execution.who.handler.clone();
    settle(state, execution, Phase::Refused { code }, Fact::Refused { handler, code })?;
    for event in &outputs {
        output::send_alone(state, execution, event)?;
    }
    Ok(Concluded::Ack)
}

fn failed(
    state: &mut State<'_>,
    execution: &mut Execution,
    run: &Run,
    event: &CloudEvent,
    structural: bool,
    reason: String,
    remains: Remains<'_>,
) -> Result<Concluded> {
    let attempt = run.attempt;
    note_failure(state, execution, run, &reason);
    let schedule = state.contracts.failure_mode(&execution.who.handler, &execution.event_type);
    let delay = schedule.and_then(|mode| mode.retry.get(execution.failures.len() - 1)).copied();
    let Some(delay) = delay.filter(|_| !structural) else {
        let dead = if structural { DeadReason::Structural } else { DeadReason::Exhausted };
        dead_letter(state, execution, dead, &reason, remains)?;
        return Ok(Concluded::Ack);
    };
    let handler = execution.who.handler.clone();
    state.stamp(execution, Fact::Failed { handler, attempt })?;
    let due_millis = state.now + millis(delay);
    // A parked delivery has no broker's copy to hold.
    if delay <= state.settings.hold_max && state.parked(execution.id)?.is_none() {
        execution.phase = Phase::Retrying { due_millis };
        execution.at_millis = state.now;
        state.rows.save(Row::Execution(execution.clone()))?;
        return Ok(Concluded::Again(millis(delay)));
    }
    let terms = Terms::retry(state, due_millis);
    park(state, execution, event, ParkReason::Retry, terms, remains)?;
    Ok(Concluded::Ack)
}

/// A drain: the attempt does not count, and somebody else may begin at once.
fn abandoned(state: &mut State<'_>, mut execution: Execution, run: &Run) -> Result<Concluded> {
    abandon(state, &mut execution, run.attempt, DRAIN)?;
    if let Some(mut parked) = state.parked(execution.id)? {
        parked.due_millis = state.now;
        state.rows.save(Row::Parked(parked))?;
    }
    Ok(Concluded::Released)
}

/// Effects of attempts before this one are undone.
fn disown_before(state: &mut State<'_>, execution: &Execution, attempt: u32) -> Result<()> {
    for effect in tool::effects_so_far(state, execution)? {
        let orphan = effect.attempt < attempt && effect.undo == UndoKind::Compensatable;
        if orphan && matches!(effect.state, EffectState::Applied | EffectState::Unknown) {
            let due_millis = state.now;
            let next = Effect { state: EffectState::Pending { failures: 0, due_millis }, ..effect };
            state.rows.save(Row::Effect(next))?;
        }
    }
    Ok(())
}
