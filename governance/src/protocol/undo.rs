//! R8: a fenced tree, and undoing its effects in reverse causal order (P-06, G8).

use std::collections::{HashMap, HashSet};

use super::id::{ExecutionId, ScopeKey, TreeId};
use super::input::{Reply, UndoOutcome};
use super::order;
use super::relay::withhold;
use super::row::{
    Claim, Effect, EffectKey, EffectState, Execution, Fence, FenceState, OutboxState, Phase,
    Resolution, Row, Scan, UndoKind,
};
use super::state::{Result, State};
use super::worker::{self, millis};
use crate::audit::stamp::Fact;

/// Fences a tree: nothing new starts in it, what has not left is withheld, what was done waits to be
/// undone. Fencing twice changes nothing.
pub(super) fn fence(state: &mut State<'_>, tree: &TreeId, by: Option<ExecutionId>) -> Result<()> {
    if state.fence(tree.clone())?.is_some() {
        return Ok(());
    }
    let at_millis = state.now;
    let fence = Fence { tree: tree.clone(), by, at_millis, state: FenceState::Open };
    state.rows.save(Row::Fence(fence))?;
    let who = if by.is_some() { "handler" } else { "person" };
    state.append(by, Some(tree.clone()), Fact::Fenced { by: who })?;
    for row in state.outbox_rows(&Scan::UnpublishedIn { tree: tree.clone() })? {
        if !row.exempt && row.state == OutboxState::Unpublished {
            withhold(state, row)?;
        }
    }
    for mut effect in state.effects(&Scan::EffectsIn { tree: tree.clone() })? {
        if effect.state == EffectState::Applied && effect.undo == UndoKind::Compensatable {
            effect.state = EffectState::Pending { failures: 0, due_millis: at_millis };
            state.rows.save(Row::Effect(effect))?;
        }
    }
    for execution in state.executions(&Scan::ExecutionsIn { tree: tree.clone() })? {
        order::retract(state, &execution)?;
        if let Some(mut parked) = state.parked(execution.id)? {
            parked.due_millis = at_millis;
            state.rows.save(Row::Parked(parked))?;
        }
    }
    Ok(())
}

/// Hands out effects that nothing undone depends on any more, and closes trees that are done.
pub(super) fn claim(
    state: &mut State<'_>,
    claim: Claim,
    tools: &[String],
    max: usize,
) -> Result<Vec<Effect>> {
    if !state.is_alive(&claim)? {
        return Ok(Vec::new());
    }
    let mut trees: Vec<TreeId> =
        state.effects(&Scan::EffectsPending { max: 256 })?.into_iter().map(|it| it.tree).collect();
    let open = state.fences(&Scan::FencesOpen)?;
    trees.extend(open.into_iter().map(|it| it.tree));
    let mut seen = HashSet::new();
    trees.retain(|tree| seen.insert(tree.clone()));
    let mut handed = Vec::new();
    for tree in trees {
        if handed.len() >= max {
            break;
        }
        let room = max - handed.len();
        handed.extend(claim_in(state, claim, &tree, tools, room)?);
    }
    Ok(handed)
}

fn claim_in(
    state: &mut State<'_>,
    claim: Claim,
    tree: &TreeId,
    tools: &[String],
    room: usize,
) -> Result<Vec<Effect>> {
    let mut executions = state.executions(&Scan::ExecutionsIn { tree: tree.clone() })?;
    let fenced = state.fence(tree.clone())?.is_some();
    let running = fenced && bury_lost_runs(state, &mut executions)?;
    if running {
        return Ok(Vec::new());
    }
    let effects = state.effects(&Scan::EffectsIn { tree: tree.clone() })?;
    let causes = causes(&executions);
    let mut handed = Vec::new();
    for effect in effects.iter().rev() {
        if handed.len() == room {
            break;
        }
        let blocked =
            effects.iter().any(|later| is_open(later, fenced) && depends(later, effect, &causes));
        if blocked || !tools.contains(&effect.tool) || !may_undo(state, effect, fenced)? {
            continue;
        }
        take(state, effect, claim)?;
        handed.push(effect.clone());
    }
    if fenced && handed.is_empty() {
        close(state, tree, &effects, &causes)?;
    }
    Ok(handed)
}

/// Gives an effect to a worker to undo. Failed undos stay counted.
pub(super) fn take(state: &mut State<'_>, effect: &Effect, claim: Claim) -> Result<()> {
    let failures = match effect.state {
        EffectState::Pending { failures, .. } | EffectState::Compensating { failures, .. } => {
            failures
        }
        EffectState::Registered
        | EffectState::Applied
        | EffectState::Void
        | EffectState::Unknown
        | EffectState::Compensated
        | EffectState::Quarantined
        | EffectState::Resolved { .. } => 0,
    };
    let at_millis = state.now;
    state.rows.save(Row::Effect(Effect {
        state: EffectState::Compensating { failures, claim },
        at_millis,
        ..effect.clone()
    }))?;
    let index = effect.key.index;
    let fact = Fact::UndoStarted { index };
    state.append(Some(effect.key.execution), Some(effect.tree.clone()), fact)?;
    Ok(())
}

/// Ends runs in a fenced tree whose worker is gone, so that what they did can be probed; true if
/// some run is still going.
fn bury_lost_runs(state: &mut State<'_>, executions: &mut [Execution]) -> Result<bool> {
    let mut running = false;
    for execution in executions {
        if let Phase::Started { claim, attempt } = execution.phase {
            if state.is_alive(&claim)? {
                running = true;
            } else {
                worker::abandon(state, execution, attempt, worker::LEASE)?;
            }
        }
    }
    Ok(running)
}

fn may_undo(state: &mut State<'_>, effect: &Effect, fenced: bool) -> Result<bool> {
    Ok(match effect.state {
        EffectState::Pending { due_millis, .. } => due_millis <= state.now,
        EffectState::Compensating { claim, .. } => !state.is_alive(&claim)?,
        EffectState::Unknown => fenced && effect.undo == UndoKind::Compensatable,
        EffectState::Registered
        | EffectState::Applied
        | EffectState::Void
        | EffectState::Compensated
        | EffectState::Quarantined
        | EffectState::Resolved { .. } => false,
    })
}

/// Whether an effect still stands in the way of undoing what it was built on. Outside a fence only
/// what an earlier attempt left behind is undone, and only that stands in the way.
fn is_open(effect: &Effect, fenced: bool) -> bool {
    let open = match effect.state {
        EffectState::Registered | EffectState::Unknown => fenced,
        EffectState::Pending { .. }
        | EffectState::Compensating { .. }
        | EffectState::Quarantined => true,
        EffectState::Applied
        | EffectState::Void
        | EffectState::Compensated
        | EffectState::Resolved { .. } => false,
    };
    open && effect.undo == UndoKind::Compensatable
}

/// What each execution of a tree follows from.
type Causes = HashMap<ExecutionId, Vec<ExecutionId>>;

/// By causation, by the execution that it replays, and by the `precedence` rules that made it wait for
/// what finished before it.
fn causes(executions: &[Execution]) -> Causes {
    let mut finished: HashMap<ScopeKey, Vec<ExecutionId>> = HashMap::new();
    for execution in executions.iter().filter(|it| it.phase == Phase::Finished) {
        for step in execution.moves.iter().filter(|it| it.only_if_finished) {
            finished.entry(step.scope).or_default().push(execution.id);
        }
    }
    let of = |execution: &Execution| {
        let needed = execution.needs.iter().filter_map(|scope| finished.get(scope)).flatten();
        let cause = execution.replays.or(execution.cause);
        cause.into_iter().chain(needed.copied()).collect()
    };
    executions.iter().map(|it| (it.id, of(it))).collect()
}

/// Whether `later` came after `earlier`: in the same execution, or in one that follows from it.
/// Independent branches do not wait for each other.
fn depends(later: &Effect, earlier: &Effect, causes: &Causes) -> bool {
    if later.sequence <= earlier.sequence {
        return false;
    }
    let mut open = vec![later.key.execution];
    let mut seen = HashSet::new();
    while let Some(execution) = open.pop() {
        if execution == earlier.key.execution {
            return true;
        }
        if seen.insert(execution) {
            open.extend(causes.get(&execution).into_iter().flatten());
        }
    }
    false
}

/// Closes a tree once every effect is undone, or waits for one that a person has to decide about.
fn close(state: &mut State<'_>, tree: &TreeId, effects: &[Effect], causes: &Causes) -> Result<()> {
    let is_quarantined = |it: &Effect| it.state == EffectState::Quarantined;
    let held = |it: &Effect| {
        effects.iter().any(|later| is_quarantined(later) && depends(later, it, causes))
    };
    let mut open = effects.iter().filter(|it| is_open(it, true) && !is_quarantined(it));
    if !open.all(held) {
        return Ok(());
    }
    let quarantined = count(effects, |it| *it == EffectState::Quarantined);
    let resolved = |it: &EffectState, how| matches!(it, EffectState::Resolved { resolution, .. } if *resolution == how);
    let undone =
        count(effects, |it| *it == EffectState::Compensated || resolved(it, Resolution::Undone));
    let accepted = count(effects, |it| resolved(it, Resolution::Accepted));
    let accepted = (accepted > 0).then_some(accepted);
    let Some(fence) = state.fence(tree.clone())? else {
        return Ok(());
    };
    if fence.state != FenceState::Open {
        return Ok(());
    }
    let next = if quarantined > 0 { FenceState::Stuck } else { FenceState::Closed };
    let fact = Fact::TreeClosed { undone, quarantined, accepted };
    state.append(fence.by, Some(tree.clone()), fact)?;
    state.rows.save(Row::Fence(Fence { state: next, ..fence }))
}

fn count(effects: &[Effect], is: impl Fn(&EffectState) -> bool) -> u32 {
    u32::try_from(effects.iter().filter(|it| is(&it.state)).count()).unwrap_or(u32::MAX)
}

pub(super) fn done(
    state: &mut State<'_>,
    claim: Claim,
    key: EffectKey,
    outcome: UndoOutcome,
) -> Result<Reply> {
    let Some(mut effect) = state.effect(key)? else {
        return Ok(Reply::Lost);
    };
    let EffectState::Compensating { failures, claim: holder } = effect.state else {
        return Ok(Reply::Lost);
    };
    if holder != claim {
        return Ok(Reply::Lost);
    }
    let index = key.index;
    let (next, fact) = match outcome {
        UndoOutcome::Undone => (EffectState::Compensated, Fact::Undone { index }),
        UndoOutcome::NeverHappened => (EffectState::Void, Fact::Void { index }),
        UndoOutcome::Undecidable => (EffectState::Quarantined, Fact::Quarantined { index }),
        UndoOutcome::Failed if failures + 1 >= state.settings.undo_attempts_max => {
            (EffectState::Quarantined, Fact::Quarantined { index })
        }
        UndoOutcome::Failed => {
            let failures = failures + 1;
            let due_millis = state.now + millis(state.settings.undo_retry);
            (EffectState::Pending { failures, due_millis }, Fact::UndoFailed { index, failures })
        }
    };
    effect.state = next;
    effect.at_millis = state.now;
    let tree = effect.tree.clone();
    state.rows.save(Row::Effect(effect))?;
    state.append(Some(key.execution), Some(tree), fact)?;
    Ok(Reply::Done)
}
