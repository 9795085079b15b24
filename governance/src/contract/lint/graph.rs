//! Who leads to whom: event types, the handlers that consume them, the types those emit.

use std::collections::{BTreeMap, BTreeSet, VecDeque};

use crate::contract::contracts::Contracts;
use crate::contract::event::{EventContract, Producers};

/// Whether a producer of the type is outside of the set: a program, or a handler without a contract.
pub(super) fn comes_from_outside(contracts: &Contracts, event: &EventContract) -> bool {
    match &event.producer {
        Producers::External => true,
        Producers::Handlers(names) => names.iter().any(|name| contracts.handler(name).is_none()),
    }
}

/// Whether some handler of the set emits the type.
pub(super) fn is_emitted(contracts: &Contracts, event: &str) -> bool {
    contracts.handlers().any(|handler| handler.emits.contains(event))
}

/// Every type that can happen, starting from those that come from outside.
pub(super) fn reachable(contracts: &Contracts) -> BTreeSet<&str> {
    let outside = contracts.events().filter(|event| comes_from_outside(contracts, event));
    let mut open: Vec<&str> = outside.map(|event| event.event.as_str()).collect();
    let mut seen: BTreeSet<&str> = open.iter().copied().collect();
    while let Some(event) = open.pop() {
        let next = contracts.consumers(event).flat_map(|handler| &handler.emits);
        open.extend(next.map(String::as_str).filter(|next| seen.insert(next)));
    }
    seen
}

/// The shortest way from a type back to itself, as the types on it; the first is not repeated.
pub(super) fn circle<'a>(contracts: &'a Contracts, start: &'a str) -> Option<Vec<&'a str>> {
    let mut came_from: BTreeMap<&str, &str> = BTreeMap::new();
    let mut open = VecDeque::from([start]);
    while let Some(event) = open.pop_front() {
        for next in contracts.consumers(event).flat_map(|handler| &handler.emits) {
            if next == start {
                let mut way = vec![event];
                while let Some(before) = came_from.get(way[way.len() - 1]) {
                    way.push(before);
                }
                way.reverse();
                return Some(way);
            }
            if !came_from.contains_key(next.as_str()) {
                came_from.insert(next, event);
                open.push_back(next);
            }
        }
    }
    None
}
