//! What flows through the set: types, from outside through handlers to where nobody listens.

use std::collections::BTreeSet;

use super::graph::{circle, comes_from_outside, is_emitted, reachable};
use crate::contract::contracts::{CompiledEvent, CompiledHandler, Contracts};
use crate::contract::event::{Consumers, Producers};
use crate::contract::finding::{Finding, FindingKind};
use crate::contract::ordering::OrderingRule;
use crate::contract::place::Place;

pub(super) fn check(contracts: &Contracts, findings: &mut Vec<Finding>) {
    contracts.events.values().for_each(|event| consumed(contracts, event, findings));
    let reachable = reachable(contracts);
    for handler in contracts.handlers.values() {
        unreachable(handler, &reachable, findings);
        chains(contracts, handler, findings);
    }
    circles(contracts, findings);
}

/// A type that is consumed has a producer, and one that is produced has a consumer.
fn consumed(contracts: &Contracts, event: &CompiledEvent, findings: &mut Vec<Finding>) {
    let CompiledEvent { contract, source, .. } = event;
    let name = &contract.event;
    let consumer = contracts.consumers(name).next();
    let comes = comes_from_outside(contracts, contract) || is_emitted(contracts, name);
    if let Some(consumer) = consumer.filter(|_| !comes) {
        let what = format!(
            "event {name} is consumed by {}, and none of its producers emits it",
            consumer.name
        );
        let remedy = "add it to \"emits\" of a producer, or write producer: external";
        push(findings, FindingKind::NoProducer, source.at("producer"), what, remedy);
    }
    let meant = match &contract.consumers {
        Consumers::Declared => false,
        Consumers::Only(names) => names.is_empty(),
    };
    if consumer.is_none() && !meant {
        let what = format!("no handler consumes event {name}");
        let remedy = "let one consume it, or write consumers: [] if it is for others, or an end";
        push(findings, FindingKind::NoConsumer, source.at("event"), what, remedy);
    }
}

fn unreachable(handler: &CompiledHandler, reachable: &BTreeSet<&str>, findings: &mut Vec<Finding>) {
    let CompiledHandler { contract, source, .. } = handler;
    if contract.consumes.iter().any(|event| reachable.contains(event.as_str())) {
        return;
    }
    let consumed: Vec<_> = contract.consumes.iter().map(String::as_str).collect();
    let done = contract.scope.done.as_ref();
    let done = done.map(|event| format!(" and {event} never completes its mission"));
    let what = format!(
        "handler {} never runs{}: nothing from outside leads to {}",
        contract.name,
        done.unwrap_or_default(),
        consumed.join(" or ")
    );
    let remedy = "let a handler that runs emit what it consumes, or remove it";
    push(findings, FindingKind::Unreachable, source.at("consumes"), what, remedy);
}

/// Each step of a chain is made from the step before it by some handler.
fn chains(contracts: &Contracts, handler: &CompiledHandler, findings: &mut Vec<Finding>) {
    let CompiledHandler { contract, source, .. } = handler;
    for (at, rule) in contract.ordering.iter().enumerate() {
        let OrderingRule::Chain { types, .. } = rule else { continue };
        for pair in types.windows(2) {
            let [before, step] = pair else { continue };
            let elsewhere = contracts.event(step).is_some_and(|it| {
                // A program publishes with no cause: an external type is no step of a lineage.
                matches!(&it.producer, Producers::Handlers(_)) && comes_from_outside(contracts, it)
            });
            if elsewhere || contracts.consumers(before).any(|it| it.emits.contains(step)) {
                continue;
            }
            let what = format!(
                "the chain of handler {} wants {step} right after {before}, and no handler makes \
                 one from the other: it never runs on {}",
                contract.name,
                types.last().unwrap_or(step)
            );
            let remedy = format!("correct the chain, or let a handler of {before} emit {step}");
            let place = source.at(&format!("ordering[{at}].chain.{step}"));
            push(findings, FindingKind::BrokenChain, place, what, remedy);
        }
    }
}

/// Ways on which a cascade comes back to a type; each circle is told once, where it is first met.
fn circles(contracts: &Contracts, findings: &mut Vec<Finding>) {
    let mut told: BTreeSet<&str> = BTreeSet::new();
    for start in contracts.events.keys() {
        if told.contains(start.as_str()) {
            continue;
        }
        let Some(way) = circle(contracts, start) else { continue };
        told.extend(way.iter().copied());
        let Some(handler) = closing(contracts, &way) else { continue };
        let depth = handler.contract.limits.depth;
        let what = format!("the cascade {} → {start} can go round", way.join(" → "));
        let remedy = format!(
            "see that handler {} ends it; only its limits.depth of {depth} does otherwise",
            handler.contract.name
        );
        let place = handler.source.at(&format!("emits.{start}"));
        push(findings, FindingKind::Loop, place, what, remedy);
    }
}

/// The handler that emits the first type of a circle on its last.
fn closing<'a>(contracts: &'a Contracts, way: &[&str]) -> Option<&'a CompiledHandler> {
    let (first, last) = (way.first()?, way.last()?);
    let closes = |it: &&CompiledHandler| {
        it.contract.consumes.contains(*last) && it.contract.emits.contains(*first)
    };
    contracts.handlers.values().find(closes)
}

fn push(
    findings: &mut Vec<Finding>,
    kind: FindingKind,
    place: Place,
    what: String,
    remedy: impl Into<String>,
) {
    findings.push(Finding { kind, place, what, remedy: remedy.into() });
}
