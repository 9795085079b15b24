//! Checks ordering rules: each by itself, those of a handler together, and all of them for a
//! circle in which every event would wait for another (G7).

use std::collections::{BTreeMap, BTreeSet};

use super::{Findings, Set, names};
use crate::contract::builder::Declared;
use crate::contract::error::ContractErrorKind::{Contradiction, Duplicate, Invalid};
use crate::contract::handler::HandlerContract;
use crate::contract::ordering::{ChainDigest, OrderingKey, OrderingRule};
use crate::contract::place::Place;

/// The fewest and the most steps of a chain.
pub(in crate::contract) const CHAIN_STEPS: std::ops::RangeInclusive<usize> = 2..=64;

pub(super) fn check(handler: &Declared<HandlerContract>, set: &Set<'_>, findings: &mut Findings) {
    let Declared { value: contract, source, .. } = handler;
    for (at, rule) in contract.ordering.iter().enumerate() {
        let place = source.at(&format!("ordering[{at}]"));
        if let OrderingKey::Field(field) = rule.key() {
            names::name("key", field, place.clone(), findings);
        }
        against_earlier(rule, &contract.ordering[..at], &place, findings);
        match rule {
            OrderingRule::Sequence { .. } => {}
            OrderingRule::Precedence { after, .. } => {
                precedence(after, contract, &place, findings);
                set.event(after, "an ordering rule waits for", place, findings);
            }
            OrderingRule::Chain { types, digest, .. } => {
                chain(types, digest.as_ref(), contract, &place, findings);
                for step in types {
                    let place = source.at(&format!("ordering[{at}].chain.{step}"));
                    set.event(step, "a chain has step", place, findings);
                }
            }
        }
    }
}

/// Rules of one handler that cannot hold together with an earlier one.
fn against_earlier(
    rule: &OrderingRule,
    earlier: &[OrderingRule],
    place: &Place,
    findings: &mut Findings,
) {
    if earlier.contains(rule) {
        let what = format!("this {} rule is given twice", rule.name());
        return findings.error(Duplicate, place.clone(), what, "keep one of them");
    }
    for other in earlier {
        match (rule, other) {
            (OrderingRule::Sequence { key }, OrderingRule::Sequence { key: first }) => {
                let what = format!("events have one sequence, here of {key}, before of {first}");
                findings.error(Contradiction, place.clone(), what, "keep one sequence rule");
            }
            (OrderingRule::Chain { types, .. }, OrderingRule::Chain { types: first, .. })
                if types.last() == first.last() =>
            {
                let last = types.last().map_or("", String::as_str);
                let what = format!("two chains end in {last}, and a lineage can only be one");
                findings.error(Contradiction, place.clone(), what, "keep one chain");
            }
            (
                OrderingRule::Sequence { .. }
                | OrderingRule::Precedence { .. }
                | OrderingRule::Chain { .. },
                _,
            ) => {}
        }
    }
}

fn precedence(after: &str, contract: &HandlerContract, place: &Place, findings: &mut Findings) {
    let handler = &contract.name;
    if contract.consumes.iter().all(|consumed| consumed == after) {
        let what = format!("handler {handler} consumes only {after} and waits for {after}");
        let remedy = "wait for another event or remove the rule";
        findings.error(Contradiction, place.clone(), what, remedy);
    }
}

fn chain(
    types: &[String],
    digest: Option<&ChainDigest>,
    contract: &HandlerContract,
    place: &Place,
    findings: &mut Findings,
) {
    let steps = types.len();
    if !CHAIN_STEPS.contains(&steps) {
        let remedy = format!("write {} to {}", CHAIN_STEPS.start(), CHAIN_STEPS.end());
        findings.error(Invalid, place.clone(), format!("a chain has {steps} steps"), remedy);
    }
    let mut seen = BTreeSet::new();
    for step in types.iter().filter(|step| !seen.insert(*step)) {
        let what = format!("a chain has {step} before itself");
        findings.error(Contradiction, place.clone(), what, "name each step once");
    }
    if let Some(last) = types.last()
        && !contract.consumes.contains(last)
    {
        let handler = &contract.name;
        let what = format!("a chain ends in {last}, which handler {handler} does not consume");
        findings.error(Contradiction, place.clone(), what, "end it in a consumed event");
    }
    for field in digest.into_iter().flat_map(|it| [&it.from, &it.out]) {
        names::name("digest field", field, place.clone(), findings);
    }
}

/// Finds rules by which events wait for each other in a circle: none of them would ever run.
pub(super) fn check_cycles(set: &Set<'_>, findings: &mut Findings) {
    // Rules on different keys may both hold, so each key has a graph of its own.
    let mut graphs: BTreeMap<&OrderingKey, BTreeMap<&str, BTreeSet<&str>>> = BTreeMap::new();
    for handler in set.handlers.values().filter(|it| it.sound) {
        for (at, rule) in handler.value.ordering.iter().enumerate() {
            let before = graphs.entry(rule.key()).or_default();
            for (first, then) in edges(rule, &handler.value) {
                if reaches(before, then, first) {
                    let what = format!("{then} waits for {first}, which waits for {then}");
                    let place = handler.source.at(&format!("ordering[{at}]"));
                    let remedy = "remove one of the ordering rules";
                    findings.error(Contradiction, place, what, remedy);
                } else {
                    before.entry(first).or_default().insert(then);
                }
            }
        }
    }
}

/// What a rule makes come before what.
fn edges<'a>(rule: &'a OrderingRule, of: &'a HandlerContract) -> Vec<(&'a str, &'a str)> {
    let pairs: Vec<(&str, &str)> = match rule {
        OrderingRule::Sequence { .. } => Vec::new(),
        OrderingRule::Precedence { after, .. } => {
            of.consumes.iter().map(|consumed| (after.as_str(), consumed.as_str())).collect()
        }
        OrderingRule::Chain { types, .. } => {
            types.windows(2).map(|pair| (pair[0].as_str(), pair[1].as_str())).collect()
        }
    };
    pairs.into_iter().filter(|(first, then)| first != then).collect()
}

fn reaches(before: &BTreeMap<&str, BTreeSet<&str>>, from: &str, to: &str) -> bool {
    let mut seen = BTreeSet::from([from]);
    let mut open = vec![from];
    while let Some(event) = open.pop() {
        if event == to {
            return true;
        }
        open.extend(before.get(event).into_iter().flatten().filter(|next| seen.insert(next)));
    }
    false
}
