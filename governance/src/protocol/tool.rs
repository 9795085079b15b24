//! R3: a tool call is announced, judged and recorded before it is made, and its result after.

use super::conclude::current;
use super::id::ExecutionId;
use super::input::{Intend, Intended, Objection, Reply, Report, Run};
use super::observe::{self, upheld};
use super::row::{
    Claim, Effect, EffectKey, EffectState, Execution, Phase, RefusalCode, Row, UndoKind,
};
use super::state::{Result, State};
use super::undo;
use crate::audit::stamp::{Fact, commit};
use crate::contract::Level;
use crate::digest::Digest;

pub(super) fn intend(state: &mut State<'_>, intend: Intend) -> Result<Intended> {
    let Some(mut execution) = current(state, &intend.run)? else {
        return Ok(Intended::Lost);
    };
    let mut noted = Vec::new();
    if let Some((code, detail)) = fault(state, &execution, &intend, &mut noted)? {
        let Intend { tool, level, .. } = intend;
        state.stamp(&execution, Fact::Denied { tool, level, code })?;
        return Ok(Intended::Denied { code, detail });
    }
    let effects = effects_so_far(state, &execution)?;
    let digest = arguments_digest(&intend);
    let is_same = |it: &&Effect| {
        it.call == intend.call && it.tool == intend.tool && it.arguments_digest == digest
    };
    // Asked again, because the answer was lost: the row is there, and the call was not made.
    let announced = |it: &&Effect| {
        it.attempt == intend.run.attempt && it.state == EffectState::Registered && is_same(it)
    };
    if let Some(effect) = effects.iter().find(announced) {
        return Ok(Intended::Call(effect.key));
    }
    let standing: Vec<&Effect> = effects
        .iter()
        .filter(|it| it.call >= intend.call && it.attempt < intend.run.attempt && stands(it))
        .collect();
    if let Some(effect) = standing.iter().copied().find(is_same) {
        note(state, &mut execution, &intend, noted)?;
        return adopt(state, &execution, &intend, effect.clone());
    }
    let in_the_way: Vec<Effect> =
        standing.into_iter().filter(|it| it.undo != UndoKind::None).cloned().collect();
    if in_the_way.is_empty() {
        note(state, &mut execution, &intend, noted)?;
        register(state, &mut execution, intend, digest)
    } else {
        undo_first(state, &execution, &intend, in_the_way)
    }
}

/// What its attempts did, and those of the executions that it replays: a replay goes on from there.
pub(super) fn effects_so_far(state: &mut State<'_>, execution: &Execution) -> Result<Vec<Effect>> {
    let (mut effects, mut at) = (state.effects_of(execution)?, execution.replays);
    while let Some(earlier) = earlier(state, at)? {
        effects.extend(state.effects_of(&earlier)?);
        at = earlier.replays;
    }
    Ok(effects)
}

/// Whether an effect is the execution's, or of one that it replays.
fn is_of(state: &mut State<'_>, execution: &Execution, key: EffectKey) -> Result<bool> {
    let (mut is, mut at) = (execution.id == key.execution, execution.replays);
    while !is && let Some(earlier) = earlier(state, at)? {
        (is, at) = (earlier.id == key.execution, earlier.replays);
    }
    Ok(is)
}

fn earlier(state: &mut State<'_>, replays: Option<ExecutionId>) -> Result<Option<Execution>> {
    replays.map_or(Ok(None), |id| state.execution(id))
}

/// Whether something is left of a call. A read leaves nothing but its result.
fn stands(effect: &Effect) -> bool {
    match effect.state {
        EffectState::Applied => true,
        EffectState::Void | EffectState::Compensated | EffectState::Resolved { .. } => false,
        EffectState::Registered
        | EffectState::Unknown
        | EffectState::Pending { .. }
        | EffectState::Compensating { .. }
        | EffectState::Quarantined => effect.undo != UndoKind::None,
    }
}

/// What is only observed of a call that is made; the row is saved where there is something.
fn note(
    state: &mut State<'_>,
    execution: &mut Execution,
    intend: &Intend,
    noted: Vec<Objection>,
) -> Result<()> {
    if noted.is_empty() {
        return Ok(());
    }
    observe::note(state, execution, intend.run.attempt, noted)?;
    state.rows.save(Row::Execution(execution.clone()))
}

/// P-03, P-06, P-01, P-02, in this order: read in the intent's own step, so that a halt or a fence
/// holds from its commit (R8, R13). Then P-06 again: what the event promises to be undone can be. What
/// the contracts say is only noted in observe.
fn fault(
    state: &mut State<'_>,
    execution: &Execution,
    intend: &Intend,
    noted: &mut Vec<Objection>,
) -> Result<Option<(RefusalCode, String)>> {
    let handler = &execution.who.handler;
    if state.is_halted(handler)? {
        return Ok(Some((RefusalCode::Interrupt, format!("{handler} is halted"))));
    }
    if state.fence(execution.tree.clone())?.is_some() {
        return Ok(Some((RefusalCode::Rollback, "its tree is being undone".to_owned())));
    }
    for (code, detail) in contract_faults(state, execution, intend) {
        let objection = Objection::of(code, &intend.tool, detail);
        if let Some(objection) = upheld(state, noted, objection) {
            return Ok(Some((code, objection.detail)));
        }
    }
    Ok(None)
}

/// What the contracts of handler and event have against a call.
fn contract_faults(
    state: &State<'_>,
    execution: &Execution,
    intend: &Intend,
) -> Vec<(RefusalCode, String)> {
    let (handler, tool) = (&execution.who.handler, &intend.tool);
    let Some(contract) = state.contracts.handler(handler) else {
        return vec![(RefusalCode::Scope, format!("{handler} has no contract"))];
    };
    let mut faults = Vec::new();
    if let Err(denied) = contract.permits(tool, intend.level) {
        faults.push((RefusalCode::from_text(denied.code()), denied.to_string()));
    }
    let event = &execution.event_type;
    let changes = intend.level > Level::Read;
    if changes && !intend.can_undo && state.contracts.is_compensatable(event) {
        let detail = format!("{tool} cannot be undone, and {event} is compensatable");
        faults.push((RefusalCode::Rollback, detail));
    }
    faults
}

fn arguments_digest(intend: &Intend) -> Digest {
    Digest::of_fields("wingman/arguments", &[intend.arguments.as_bytes()])
}

/// The very call that an earlier attempt made: its result is taken instead of calling again.
fn adopt(
    state: &mut State<'_>,
    execution: &Execution,
    intend: &Intend,
    mut effect: Effect,
) -> Result<Intended> {
    match (&effect.state, &effect.result) {
        (EffectState::Applied, Some(result)) => {
            let result = result.clone();
            effect.attempt = intend.run.attempt;
            state.rows.save(Row::Effect(effect))?;
            Ok(Intended::Known(result))
        }
        _ => {
            let detail = format!("the outcome of an earlier call of {} is not known", intend.tool);
            deny(state, execution, intend, detail)
        }
    }
}

/// Denied, because of what an earlier attempt left behind.
fn deny(
    state: &mut State<'_>,
    execution: &Execution,
    intend: &Intend,
    detail: String,
) -> Result<Intended> {
    let code = RefusalCode::Rollback;
    let fact = Fact::Denied { tool: intend.tool.clone(), level: intend.level, code };
    state.stamp(execution, fact)?;
    Ok(Intended::Denied { code, detail })
}

fn register(
    state: &mut State<'_>,
    execution: &mut Execution,
    intend: Intend,
    digest: Digest,
) -> Result<Intended> {
    let sequence = state.count(|counters| &mut counters.effects)?;
    let index = execution.effects;
    execution.effects += 1;
    state.rows.save(Row::Execution(execution.clone()))?;
    let key = EffectKey { execution: execution.id, index };
    let salt = state.recorded(execution.event)?.map_or(execution.event_digest, |it| it.salt);
    let commitment = commit(&salt, &digest);
    let fact = Fact::Intended { index, tool: intend.tool.clone(), level: intend.level, commitment };
    state.stamp(execution, fact)?;
    let undo = match (intend.level, intend.can_undo) {
        (Level::Read, _) => UndoKind::None,
        (_, true) => UndoKind::Compensatable,
        (_, false) => UndoKind::Irreversible,
    };
    state.rows.save(Row::Effect(Effect {
        key,
        sequence,
        tree: execution.tree.clone(),
        tool: intend.tool,
        level: intend.level,
        arguments: intend.arguments,
        arguments_digest: digest,
        attempt: intend.run.attempt,
        call: intend.call,
        undo,
        state: EffectState::Registered,
        result: None,
        at_millis: state.now,
        before: intend.before,
    }))?;
    Ok(Intended::Call(key))
}

/// This attempt goes another way than the last: what that one did from here on is undone first,
/// newest first. All of it or, where something cannot be undone now, nothing.
fn undo_first(
    state: &mut State<'_>,
    execution: &Execution,
    intend: &Intend,
    mut effects: Vec<Effect>,
) -> Result<Intended> {
    let claim = intend.run.claim;
    for effect in &effects {
        if let Some(why) = why_not_undone_now(state, effect, &claim)? {
            let detail = format!("an earlier attempt called {}, which {why}", effect.tool);
            return deny(state, execution, intend, detail);
        }
    }
    effects.sort_by_key(|effect| std::cmp::Reverse(effect.sequence));
    for effect in &effects {
        undo::take(state, effect, claim)?;
    }
    Ok(Intended::UndoFirst(effects))
}

fn why_not_undone_now(
    state: &mut State<'_>,
    effect: &Effect,
    claim: &Claim,
) -> Result<Option<&'static str>> {
    if effect.undo != UndoKind::Compensatable {
        return Ok(Some("cannot be undone"));
    }
    Ok(match effect.state {
        EffectState::Quarantined => Some("a person has to decide about"),
        EffectState::Compensating { claim: holder, .. } if holder != *claim => {
            let alive = state.is_alive(&holder)?;
            alive.then_some("another process is undoing")
        }
        EffectState::Registered
        | EffectState::Applied
        | EffectState::Void
        | EffectState::Unknown
        | EffectState::Pending { .. }
        | EffectState::Compensating { .. }
        | EffectState::Compensated
        | EffectState::Resolved { .. } => None,
    })
}

/// A result, from the attempt that called or from the probe of a later one.
pub(super) fn report(
    state: &mut State<'_>,
    run: Run,
    key: EffectKey,
    report: Report,
) -> Result<Reply> {
    let Some(execution) = current(state, &run)? else {
        let fact =
            Fact::Late { attempt: run.attempt, worker: run.claim.worker, epoch: run.claim.epoch };
        state.append(Some(run.execution), None, fact)?;
        return Ok(Reply::Lost);
    };
    if !is_of(state, &execution, key)? {
        return Ok(Reply::Lost);
    }
    let Some(mut effect) = state.effect(key)? else {
        return Ok(Reply::Lost);
    };
    match effect.state {
        EffectState::Registered | EffectState::Unknown => {}
        EffectState::Applied
        | EffectState::Void
        | EffectState::Pending { .. }
        | EffectState::Compensating { .. }
        | EffectState::Compensated
        | EffectState::Quarantined
        | EffectState::Resolved { .. } => return Ok(Reply::Done),
    }
    let index = key.index;
    let (next, fact) = match report {
        Report::Applied(result) => {
            effect.result = Some(result);
            (applied(state, &execution, &effect)?, Fact::Applied { index })
        }
        Report::Void => (EffectState::Void, Fact::Void { index }),
        Report::Unknown => (EffectState::Unknown, Fact::Unknown { index }),
        Report::Undecidable => (EffectState::Quarantined, Fact::Quarantined { index }),
    };
    effect.state = next;
    effect.at_millis = state.now;
    state.rows.save(Row::Effect(effect))?;
    state.stamp(&execution, fact)?;
    Ok(Reply::Done)
}

/// A run ends. Of the calls that it announced and never reported nobody knows the outcome, and what
/// it was about to undo first waits for whoever undoes.
pub(super) fn give_up(state: &mut State<'_>, execution: &Execution) -> Result<()> {
    let Phase::Started { claim: runner, .. } = execution.phase else {
        return Ok(());
    };
    for mut effect in effects_so_far(state, execution)? {
        let index = effect.key.index;
        effect.state = match effect.state {
            EffectState::Registered => {
                state.stamp(execution, Fact::Unknown { index })?;
                EffectState::Unknown
            }
            EffectState::Compensating { failures, claim } if claim == runner => {
                let due_millis = state.now;
                EffectState::Pending { failures, due_millis }
            }
            EffectState::Applied
            | EffectState::Void
            | EffectState::Unknown
            | EffectState::Pending { .. }
            | EffectState::Compensating { .. }
            | EffectState::Compensated
            | EffectState::Quarantined
            | EffectState::Resolved { .. } => continue,
        };
        effect.at_millis = state.now;
        state.rows.save(Row::Effect(effect))?;
    }
    Ok(())
}

/// In a tree that was fenced meanwhile, what was done is undone too (R8).
fn applied(state: &mut State<'_>, execution: &Execution, effect: &Effect) -> Result<EffectState> {
    let fenced = state.fence(execution.tree.clone())?.is_some();
    Ok(if fenced && effect.undo == UndoKind::Compensatable {
        EffectState::Pending { failures: 0, due_millis: state.now }
    } else {
        EffectState::Applied
    })
}
