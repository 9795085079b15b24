//! Checks one handler contract, and what it consumes and emits against the events.

use super::{Findings, Set, bounds, names};
use crate::contract::builder::Declared;
use crate::contract::error::ContractErrorKind::{
    Contradiction, Invalid, Missing, NotEnforcedYet, UnknownReference,
};
use crate::contract::event::{EventContract, Producers};
use crate::contract::finding::FindingKind::{NoMission, WiderThanScope};
use crate::contract::handler::{FANOUT_MAX, HandlerContract};
use crate::contract::permit::{Denied, names_tool};
use crate::contract::place::Source;

/// The highest consequence class that this version enforces.
const CONSEQUENCE_CLASS_MAX: u8 = 2;

pub(super) fn check(handler: &Declared<HandlerContract>, set: &Set<'_>, findings: &mut Findings) {
    let Declared { value: contract, source, .. } = handler;
    let name = &contract.name;
    names::name("handler", name, source.at("handler"), findings);
    if contract.consumes.is_empty() {
        let what = format!("handler {name} consumes nothing");
        findings.error(Missing, source.at("consumes"), what, "name the events it reacts to");
    }
    let class = contract.consequence_class;
    if class > CONSEQUENCE_CLASS_MAX {
        let what = format!("consequence class {class} of handler {name} is not enforced yet");
        findings.error(NotEnforcedYet, source.at("consequence_class"), what, "write 0, 1 or 2");
    }
    limits(contract, source, findings);
    scope(contract, source, findings);
    emitted("refusal.event", contract.refusal.as_deref(), contract, source, findings);
    emitted("scope.done", contract.scope.done.as_deref(), contract, source, findings);
    consumed_events(contract, source, set, findings);
    emitted_events(contract, source, set, findings);
}

fn limits(contract: &HandlerContract, source: &Source, findings: &mut Findings) {
    let name = &contract.name;
    if contract.limits.depth == 0 {
        let what = format!("field \"limits.depth\" of handler {name} is zero");
        findings.error(Invalid, source.at("limits.depth"), what, "write a value above zero");
    }
    let fanout = contract.limits.fanout;
    if fanout > FANOUT_MAX {
        let what = format!("field \"limits.fanout\" of handler {name} is {fanout}");
        let remedy = format!("write at most {FANOUT_MAX}: one stamp names all outputs of a run");
        findings.error(Invalid, source.at("limits.fanout"), what, remedy);
    }
    let title = format!("handler {name}");
    let durations = [
        ("limits.runtime", Some(contract.limits.runtime)),
        ("approval.within", contract.approval.as_ref().map(|it| it.within)),
    ];
    for (field, value) in durations {
        bounds::durations(&title, field, value, source, findings);
    }
    if let Some(mode) = &contract.failure_mode {
        bounds::retries(&title, mode, source, findings);
    }
}

/// P-01 and P-02: what is granted must be in scope, and no wider than it.
fn scope(contract: &HandlerContract, source: &Source, findings: &mut Findings) {
    let handler = &contract.name;
    if contract.scope.mission.trim().is_empty() {
        let what = format!("handler {handler} declares no mission (P-01)");
        findings.warning(NoMission, source.at("scope"), what, "say what it is for");
    }
    let (allowed, disallowed) = (contract.scope.allowed.as_ref(), &contract.scope.disallowed);
    for entry in disallowed.iter().filter(|it| allowed.is_some_and(|all| all.contains(*it))) {
        let place = source.at(&format!("scope.disallowed.{entry}"));
        let what = format!("{entry} is both allowed and disallowed in handler {handler}");
        findings.error(Contradiction, place, what, "keep one of them");
    }
    for (tool, level) in contract.granted() {
        names::name("tool", tool, source.at(&format!("tools.{tool}")), findings);
        if let Some(entry) = disallowed.iter().find(|entry| names_tool(entry, tool)) {
            let place = source.at(&format!("scope.disallowed.{entry}"));
            let what = format!("handler {handler} has tool {tool} but its scope disallows {entry}");
            findings.error(Contradiction, place, what, "remove the tool or the entry");
        } else if let Err(Denied::OutOfScope { .. }) = contract.permits(tool, level) {
            let what = format!(
                "handler {handler} holds {level} on tool {tool}, wider than its scope (P-02)"
            );
            let remedy = "lower the level or widen the scope";
            findings.warning(WiderThanScope, source.at(&format!("tools.{tool}")), what, remedy);
        }
    }
}

/// What a handler promises to emit must be among what it may emit.
fn emitted(
    field: &str,
    event: Option<&str>,
    contract: &HandlerContract,
    source: &Source,
    findings: &mut Findings,
) {
    if let Some(event) = event
        && !contract.emits.contains(event)
    {
        let what = format!(
            "field {field:?} of handler {} is {event}, which it does not emit",
            contract.name
        );
        findings.error(UnknownReference, source.at(field), what, "add it to \"emits\"");
    }
}

fn consumed_events(
    contract: &HandlerContract,
    source: &Source,
    set: &Set<'_>,
    findings: &mut Findings,
) {
    let handler = &contract.name;
    for consumed in &contract.consumes {
        let place = source.at(&format!("consumes.{consumed}"));
        let refers = format!("handler {handler} consumes");
        let Some(event) = set.event(consumed, &refers, place.clone(), findings) else {
            continue;
        };
        if !event.value.consumers.admit(handler) {
            let what = format!("handler {handler} consumes {consumed}, whose consumers are closed");
            let remedy = format!("name it in \"consumers\" at {}", event.source.at("consumers"));
            findings.error(Contradiction, place, what, remedy);
        }
        tightened(contract, source, &event.value, findings);
    }
}

/// A handler may tighten what the events it consumes say about failure, never loosen it.
fn tightened(
    contract: &HandlerContract,
    source: &Source,
    event: &EventContract,
    findings: &mut Findings,
) {
    let (handler, event_name) = (&contract.name, &event.event);
    if let Some(mode) = &contract.failure_mode {
        let (own, most) = (mode.retry.len(), event.failure_mode.retry.len());
        if own > most {
            let what = format!("handler {handler} retries {own} times, event {event_name} {most}");
            let place = source.at("failure_mode.retry");
            findings.error(Contradiction, place, what, format!("write at most {most} retries"));
        }
    }
}

fn emitted_events(
    contract: &HandlerContract,
    source: &Source,
    set: &Set<'_>,
    findings: &mut Findings,
) {
    let handler = &contract.name;
    for emitted in &contract.emits {
        let place = source.at(&format!("emits.{emitted}"));
        let refers = format!("handler {handler} emits");
        let Some(event) = set.event(emitted, &refers, place.clone(), findings) else {
            continue;
        };
        if !event.value.producer.names(handler) {
            let what = format!("handler {handler} emits {emitted}, whose producers do not name it");
            let at = event.source.at("producer");
            let remedy = match &event.value.producer {
                Producers::External => {
                    format!("list handlers, not external, in \"producer\" at {at}")
                }
                Producers::Handlers(_) => format!("add it to \"producer\" at {at}"),
            };
            findings.error(Contradiction, place, what, remedy);
        }
    }
}
