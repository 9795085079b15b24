//! The contract of one handler, as wide as what it was seen to do.

use std::collections::BTreeSet;

use super::seen::Seen;
use crate::contract::{Denied, HandlerContract, Level, OrderingRule};

/// The contract that is proposed for a handler, and what it rests on.
#[derive(Debug)]
pub struct Proposed {
    /// What it may do from here on.
    pub contract: HandlerContract,
    /// What it was seen to do.
    pub seen: Seen,
    /// What differs from the declared contract besides what grants, and why; a line each, beginning
    /// with `without` or `with`.
    pub changes: Vec<String>,
    /// Whether there was a contract for it to start from.
    pub is_declared: bool,
    /// Whether some run was judged by that contract.
    pub is_in_force: bool,
}

/// What grants something comes from what was seen; what only binds stays as it was declared.
/// `demands_done`: an event that it consumes wants it to say what completes its mission (P-01).
pub(super) fn propose(
    name: &str,
    seen: Seen,
    declared: Option<&HandlerContract>,
    demands_done: bool,
) -> Proposed {
    let is_declared = declared.is_some();
    let is_in_force = declared.is_some_and(|it| seen.contracts.contains(&it.digest().to_string()));
    let mut contract = declared.cloned().unwrap_or_else(|| HandlerContract::new(name));
    let mut changes = Vec::new();
    let before = contract.clone();
    contract.consumes = seen.consumed.keys().cloned().collect();
    contract.emits = seen.emitted.keys().cloned().collect();
    // Where nothing is refused nothing tells of a refusal, and telling of one changes nothing outside.
    contract.emits.extend(contract.refusal.clone());
    let granted = seen.tools.iter().filter(|(tool, it)| !it.was_lacked(tool));
    contract.tools = Some(granted.map(|(tool, it)| (tool.clone(), it.level)).collect());
    contract.limits.depth = seen.depth.map_or(1, |it| it.value.max(1));
    let refusals = u32::from(contract.refusal.is_some());
    contract.limits.fanout = seen.fanout.map_or(0, |it| it.value).max(refusals);
    scope(&mut contract, &seen, &mut changes);
    if demands_done {
        done(&mut contract, &seen, &mut changes);
    }
    contract.ordering.retain(|rule| {
        let kept = applies(rule, &contract.consumes);
        if !kept {
            let rule = rule.name();
            changes.push(format!("without a {rule} rule: what it judges was never seen"));
        }
        kept
    });
    never_seen(&before, &contract, &seen, &mut changes);
    Proposed { contract, seen, changes, is_declared, is_in_force }
}

/// The bounds of the scope stay, but for those that what was seen breaks.
fn scope(contract: &mut HandlerContract, seen: &Seen, changes: &mut Vec<String>) {
    let tools: Vec<_> = contract.granted().map(|(tool, level)| (tool.to_owned(), level)).collect();
    let mut probe = contract.clone();
    probe.scope.allowed = None;
    contract.scope.disallowed.retain(|entry| {
        probe.scope.disallowed = [entry.clone()].into();
        let broken = tools.iter().find(|(tool, level)| probe.permits(tool, *level).is_err());
        if let Some((tool, level)) = broken {
            changes.push(format!("without scope.disallowed {entry}: {tool} was called at {level}"));
        }
        broken.is_none()
    });
    let outside = |(tool, level): &&(String, Level)| {
        matches!(contract.permits(tool, *level), Err(Denied::OutOfScope { .. }))
    };
    if let Some((tool, level)) = tools.iter().find(outside) {
        changes.push(format!("without scope.allowed, which left out {tool} at {level}"));
        contract.scope.allowed = None;
    }
    if let Some(done) = contract.scope.done.clone() {
        if !contract.emits.contains(&done) {
            changes.push(format!("without scope.done {done}, which was never seen"));
            contract.scope.done = None;
        } else if seen.not_last.contains(&done) {
            changes.push(format!("without scope.done {done}: more was emitted after it"));
            contract.scope.done = None;
        }
    }
}

/// What completes the mission, where only one type can: nothing ever followed it.
fn done(contract: &mut HandlerContract, seen: &Seen, changes: &mut Vec<String>) {
    if contract.scope.done.is_some() {
        return;
    }
    let mut last = seen.emitted.keys().filter(|it| !seen.not_last.contains(*it));
    if let (Some(event), None) = (last.next(), last.next()) {
        changes.push(format!("with scope.done {event}: nothing ever followed it, and P-01 asks"));
        contract.scope.done = Some(event.clone());
    }
}

/// Whether a rule can still judge something that the handler consumes.
fn applies(rule: &OrderingRule, consumes: &BTreeSet<String>) -> bool {
    match rule {
        OrderingRule::Sequence { .. } => true,
        OrderingRule::Precedence { after, .. } => consumes.iter().any(|it| it != after),
        OrderingRule::Chain { types, .. } => types.last().is_some_and(|it| consumes.contains(it)),
    }
}

/// Grants that the declared contract has and the proposal has not.
fn never_seen(
    before: &HandlerContract,
    now: &HandlerContract,
    seen: &Seen,
    changes: &mut Vec<String>,
) {
    for event in before.consumes.difference(&now.consumes) {
        changes.push(format!("without consumes {event}, which was never seen"));
    }
    for event in before.emits.difference(&now.emits) {
        changes.push(format!("without emits {event}, which was never seen"));
    }
    for (tool, level) in before.granted() {
        let held = now.tools.as_ref().and_then(|tools| tools.get(tool));
        match held {
            None => changes.push(format!("without tools {tool}: {level}, which was never called")),
            Some(held) if *held < level => {
                changes.push(format!(
                    "without tools {tool}: {level}, which was called at {held} at most"
                ));
            }
            Some(_) => {}
        }
    }
    for (tool, _) in seen.tools.iter().filter(|(tool, it)| it.was_lacked(tool)) {
        changes.push(format!("without tools {tool}: the process that called it did not have it"));
    }
}
