//! G7: ordering rules, judged before the handler runs, against executions that finished.
//!
//! A rule's state is one small row for each scope key. Verdict and reservation are one step (R7):
//! two deliveries of a scope cannot both be told to go.

use std::collections::BTreeSet;

use serde_json::Value;
use wingman_core::event::{CloudEvent, extension};

use super::id::{ExecutionId, ScopeKey};
use super::row::{Automaton, ChainLinks, Execution, Phase, Recorded, Row, Scan, ScopeMove};
use super::state::{Result, State};
use crate::contract::{ChainDigest, OrderingKey, OrderingRule};
use crate::digest::Digest;

/// Numbers of a sequence that are remembered as passed before their turn. What follows one that was
/// forgotten waits until the deadline of its park.
const PASSED_MAX: usize = 256;

/// What the rules say about a delivery.
pub(super) enum Ordered {
    /// It may run.
    Free,
    /// Something has to finish first.
    Wait(ScopeKey),
    /// No future can satisfy the rule.
    Never(String),
}

pub(super) fn judge(
    state: &mut State<'_>,
    execution: &Execution,
    event: &CloudEvent,
) -> Result<Ordered> {
    for rule in rules(state, execution) {
        let verdict = match &rule {
            OrderingRule::Sequence { key } => sequence(state, execution, event, &rule, key)?,
            OrderingRule::Precedence { after, key } => {
                precedence(state, execution, event, &rule, after, key)?
            }
            OrderingRule::Chain { types, key, digest } => {
                chain(state, execution, types, key, digest.as_ref())?
            }
        };
        match verdict {
            Ordered::Free => {}
            Ordered::Wait(_) | Ordered::Never(_) => return Ok(verdict),
        }
    }
    Ok(Ordered::Free)
}

/// Notes on the execution what its outcome will move, whether or not it ever starts: a refused
/// number of a sequence must not hold up those after it.
pub(super) fn note_moves(state: &State<'_>, execution: &mut Execution, event: &CloudEvent) {
    execution.moves.clear();
    execution.needs.clear();
    let declared = state.contracts.handler(&execution.who.handler);
    if !declared.is_some_and(|it| it.consumes.contains(event.ty())) {
        return;
    }
    for rule in rules(state, execution) {
        let Some(value) = value_of(event, execution, rule.key()) else {
            continue;
        };
        let scope = scope_key(execution, &rule, &value);
        let (to, only_if_finished) = match &rule {
            OrderingRule::Sequence { .. } => match sequence_number(event) {
                Some(number) => (number, false),
                None => continue,
            },
            OrderingRule::Precedence { after, .. } if event.ty() == after => (1, true),
            OrderingRule::Precedence { .. } => {
                execution.needs.push(scope);
                continue;
            }
            OrderingRule::Chain { .. } => continue,
        };
        execution.moves.push(ScopeMove { scope, to, only_if_finished });
    }
}

/// Takes the places that the verdict promised, in the same step.
pub(super) fn reserve(state: &mut State<'_>, execution: &Execution) -> Result<()> {
    for step in execution.moves.iter().filter(|it| !it.only_if_finished) {
        let mut automaton = automaton(state, step.scope)?;
        automaton.running = Some(execution.id);
        state.rows.save(Row::Automaton(automaton))?;
    }
    Ok(())
}

/// Moves the rules that an outcome satisfies, and wakes whoever waits for them in the same step. What
/// finishes in a fenced tree will be undone, and counts as not finished.
pub(super) fn release(state: &mut State<'_>, execution: &Execution) -> Result<()> {
    for step in &execution.moves {
        if step.only_if_finished
            && (execution.phase != Phase::Finished
                || state.fence(execution.tree.clone())?.is_some())
        {
            continue;
        }
        let mut automaton = automaton(state, step.scope)?;
        let frees = advance(&mut automaton, step, execution.id);
        state.rows.save(Row::Automaton(automaton))?;
        if !frees {
            continue;
        }
        for mut parked in state.parked_rows(&Scan::ParkedScope { scope: step.scope })? {
            parked.due_millis = parked.due_millis.min(state.now);
            state.rows.save(Row::Parked(parked))?;
        }
    }
    Ok(())
}

/// Takes back what an execution counted for, as its tree is being undone (R7).
pub(super) fn retract(state: &mut State<'_>, execution: &Execution) -> Result<()> {
    let counted = execution.phase == Phase::Finished;
    for step in execution.moves.iter().filter(|it| counted && it.only_if_finished) {
        let mut automaton = automaton(state, step.scope)?;
        automaton.position = automaton.position.saturating_sub(step.to);
        state.rows.save(Row::Automaton(automaton))?;
    }
    Ok(())
}

/// Applies an outcome to a scope; true if somebody who waits there may be free now.
fn advance(automaton: &mut Automaton, step: &ScopeMove, execution: ExecutionId) -> bool {
    if step.only_if_finished {
        automaton.position += step.to;
        return automaton.position == step.to;
    }
    let is_holder = automaton.running == Some(execution);
    let next = automaton.position + 1;
    if is_holder || (automaton.running.is_none() && step.to == next) {
        automaton.running = None;
        automaton.position = step.to;
        while automaton.passed.remove(&(automaton.position + 1)) {
            automaton.position += 1;
        }
        return true;
    }
    // Number `next` while another execution runs it: that one moves the scope.
    step.to > next && automaton.passed.len() < PASSED_MAX && automaton.passed.insert(step.to)
}

fn automaton(state: &mut State<'_>, scope: ScopeKey) -> Result<Automaton> {
    Ok(state.automaton(scope)?.unwrap_or_else(|| Automaton {
        scope,
        position: 0,
        running: None,
        passed: BTreeSet::new(),
    }))
}

fn rules(state: &State<'_>, execution: &Execution) -> Vec<OrderingRule> {
    state
        .contracts
        .handler(&execution.who.handler)
        .map(|contract| contract.ordering.clone())
        .unwrap_or_default()
}

fn sequence(
    state: &mut State<'_>,
    execution: &Execution,
    event: &CloudEvent,
    rule: &OrderingRule,
    key: &OrderingKey,
) -> Result<Ordered> {
    let Some(value) = value_of(event, execution, key) else {
        return Ok(Ordered::Never(format!("the body has no {key} for the rule sequence")));
    };
    let Some(number) = sequence_number(event) else {
        return Ok(Ordered::Never("the event has no numeric attribute sequence".to_owned()));
    };
    let scope = scope_key(execution, rule, &value);
    let Some(automaton) = state.automaton(scope)? else {
        return Ok(if number == 1 { Ordered::Free } else { Ordered::Wait(scope) });
    };
    match automaton.running {
        Some(running) if running == execution.id => return Ok(Ordered::Free),
        Some(_) if number > automaton.position => return Ok(Ordered::Wait(scope)),
        Some(_) | None => {}
    }
    Ok(match number.cmp(&(automaton.position + 1)) {
        std::cmp::Ordering::Equal => Ordered::Free,
        std::cmp::Ordering::Greater => Ordered::Wait(scope),
        std::cmp::Ordering::Less => Ordered::Never(format!(
            "sequence {number} comes after {} has finished",
            automaton.position
        )),
    })
}

fn precedence(
    state: &mut State<'_>,
    execution: &Execution,
    event: &CloudEvent,
    rule: &OrderingRule,
    after: &str,
    key: &OrderingKey,
) -> Result<Ordered> {
    let Some(value) = value_of(event, execution, key) else {
        return Ok(Ordered::Never(format!("the body has no {key} for the rule precedence")));
    };
    let scope = scope_key(execution, rule, &value);
    if event.ty() == after {
        return Ok(Ordered::Free);
    }
    let met = state.automaton(scope)?.is_some_and(|it| it.position >= 1);
    Ok(if met { Ordered::Free } else { Ordered::Wait(scope) })
}

/// The lineage as the ledger recorded it, by causation: it ends in exactly these types, nothing
/// between them and nothing left out; each step comes from an execution that finished; all have one
/// key; and each was made from what its predecessor gave out. What led to the first step is not the
/// chain's matter.
fn chain(
    state: &mut State<'_>,
    execution: &Execution,
    types: &[String],
    key: &OrderingKey,
    digest: Option<&ChainDigest>,
) -> Result<Ordered> {
    // Events of other types have chains of their own, or none.
    if types.last() != Some(&execution.event_type) {
        return Ok(Ordered::Free);
    }
    let mut lineage = Vec::with_capacity(types.len());
    let mut step = state.recorded(execution.event)?;
    while let Some(recorded) = step {
        let cause = recorded.cause.filter(|_| lineage.len() + 1 < types.len());
        step = match cause {
            None => None,
            Some(cause) => match state.execution(cause)? {
                Some(before) if before.phase == Phase::Finished => state.recorded(before.event)?,
                Some(before) => {
                    let (ty, handler) = (&recorded.event_type, &before.who.handler);
                    let fault = format!("{ty} comes from {handler}, which did not finish");
                    return Ok(Ordered::Never(fault));
                }
                None => None,
            },
        };
        lineage.push(recorded);
    }
    Ok(chain_fault(&lineage, types, key, digest).map_or(Ordered::Free, Ordered::Never))
}

/// What is wrong with a lineage, the newest step first.
fn chain_fault(
    lineage: &[Recorded],
    types: &[String],
    key: &OrderingKey,
    digest: Option<&ChainDigest>,
) -> Option<String> {
    let mut after: Option<&Recorded> = None;
    for (at, wanted) in types.iter().rev().enumerate() {
        let found = lineage.get(at);
        let Some(step) = found.filter(|it| it.event_type == *wanted) else {
            let after = after.map_or("it", |it| it.event_type.as_str());
            let found = found.map_or("outside", |it| it.event_type.as_str());
            return Some(format!("{after} comes from {found}, not from {wanted}"));
        };
        if let Some(after) = after
            && let Some(fault) = link_fault(step, after, key, digest)
        {
            return Some(fault);
        }
        after = Some(step);
    }
    None
}

/// What two steps of a lineage do not share.
fn link_fault(
    before: &Recorded,
    after: &Recorded,
    key: &OrderingKey,
    digest: Option<&ChainDigest>,
) -> Option<String> {
    let field = |step: &Recorded, name: &str| -> Option<String> {
        step.links.as_ref().and_then(|ChainLinks { fields }| fields.get(name).cloned())
    };
    let (earlier, later) = (&before.event_type, &after.event_type);
    if let OrderingKey::Field(name) = key
        && (field(before, name).is_none() || field(before, name) != field(after, name))
    {
        return Some(format!("{earlier} and {later} differ in {name}"));
    }
    let link = digest?;
    let out = field(before, &link.out);
    (out.is_none() || out != field(after, &link.from))
        .then(|| format!("{later}.{} is not {earlier}.{}", link.from, link.out))
}

fn scope_key(execution: &Execution, rule: &OrderingRule, value: &str) -> ScopeKey {
    let after = match rule {
        OrderingRule::Precedence { after, .. } => after.as_str(),
        OrderingRule::Sequence { .. } | OrderingRule::Chain { .. } => "",
    };
    let key = rule.key().to_string();
    let fields = [
        execution.who.handler.as_bytes(),
        rule.name().as_bytes(),
        after.as_bytes(),
        key.as_bytes(),
        value.as_bytes(),
    ];
    ScopeKey(Digest::of_fields("wingman/scope", &fields))
}

fn value_of(event: &CloudEvent, execution: &Execution, key: &OrderingKey) -> Option<String> {
    match key {
        OrderingKey::Correlation => Some(execution.tree.to_string()),
        OrderingKey::Field(name) => {
            let body: Value = serde_json::from_slice(event.data.as_deref()?).ok()?;
            text_of(body.get(name)?)
        }
    }
}

/// The value of a body's field as rules compare it; what is neither text nor number has none.
pub(super) fn text_of(value: &Value) -> Option<String> {
    match value {
        Value::String(text) => Some(text.clone()),
        Value::Number(number) => Some(number.to_string()),
        Value::Null | Value::Bool(_) | Value::Array(_) | Value::Object(_) => None,
    }
}

fn sequence_number(event: &CloudEvent) -> Option<u64> {
    event.extension(extension::SEQUENCE)?.parse().ok()
}
