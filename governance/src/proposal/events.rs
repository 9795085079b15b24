//! The event types around proposed handlers: who produces and consumes them now.

use std::collections::{BTreeMap, BTreeSet};

use crate::contract::{
    Consumers, Contracts, EventContract, HandlerContract, OrderingRule, Producers,
};

/// An event type, and how it differs from what was declared; a line each.
#[derive(Debug)]
pub(super) struct Fitted {
    pub(super) contract: EventContract,
    pub(super) notes: Vec<String>,
    /// Nobody emits, consumes or names it any more.
    pub(super) is_idle: bool,
}

/// Every declared event type and every other that a handler emits, fitted to these handlers.
pub(super) fn fit(
    contracts: &Contracts,
    handlers: &BTreeMap<&str, &HandlerContract>,
) -> Vec<Fitted> {
    let emitted: BTreeSet<&str> =
        handlers.values().flat_map(|it| &it.emits).map(String::as_str).collect();
    let undeclared = emitted.into_iter().filter(|ty| contracts.event(ty).is_none()).map(|ty| {
        let note = "no contract declared it: say what it means".to_owned();
        (EventContract::new(ty, 1), vec![note])
    });
    let declared = contracts.events().map(|event| (event.clone(), Vec::new()));
    declared.chain(undeclared).map(|(event, notes)| fitted(event, notes, handlers)).collect()
}

fn fitted(
    mut contract: EventContract,
    mut notes: Vec<String>,
    handlers: &BTreeMap<&str, &HandlerContract>,
) -> Fitted {
    let event = contract.event.clone();
    let emitters = names(handlers, |it| it.emits.contains(&event));
    let users = names(handlers, |it| it.consumes.contains(&event));
    let is_named =
        handlers.values().any(|it| it.ordering.iter().any(|rule| names_it(rule, &event)));
    let mut is_produced = true;
    match &mut contract.producer {
        Producers::External if emitters.is_empty() => {
            is_produced = is_named || !users.is_empty();
        }
        Producers::External => {
            let who = emitters.iter().cloned().collect::<Vec<_>>().join(", ");
            notes.push(format!("it is external, and {who} emits it: it can only be one"));
        }
        Producers::Handlers(declared) => {
            let mut now = fitted_names(declared, &emitters, handlers);
            if now.is_empty() && (is_named || !users.is_empty()) {
                now.clone_from(declared);
            }
            changes("producer", declared, &now, &mut notes);
            is_produced = !now.is_empty();
            // What is idle is shown as it was.
            if is_produced {
                *declared = now;
            }
        }
    }
    match &mut contract.consumers {
        Consumers::Declared if users.is_empty() => {
            notes.push("consumers: nobody consumes it".to_owned());
            contract.consumers = Consumers::Only(users);
        }
        Consumers::Declared => {}
        Consumers::Only(declared) => {
            let now = fitted_names(declared, &users, handlers);
            changes("consumers", declared, &now, &mut notes);
            *declared = now;
        }
    }
    Fitted { contract, notes, is_idle: !is_produced }
}

/// The handlers that do it, and those that this set does not know.
fn fitted_names(
    declared: &BTreeSet<String>,
    doing: &BTreeSet<String>,
    handlers: &BTreeMap<&str, &HandlerContract>,
) -> BTreeSet<String> {
    let unknown = declared.iter().filter(|it| !handlers.contains_key(it.as_str()));
    doing.iter().chain(unknown).cloned().collect()
}

fn names(
    handlers: &BTreeMap<&str, &HandlerContract>,
    of: impl Fn(&HandlerContract) -> bool,
) -> BTreeSet<String> {
    handlers.values().filter(|it| of(it)).map(|it| it.name.clone()).collect()
}

fn changes(field: &str, from: &BTreeSet<String>, to: &BTreeSet<String>, notes: &mut Vec<String>) {
    notes.extend(to.difference(from).map(|name| format!("{field}: with {name}")));
    notes.extend(from.difference(to).map(|name| format!("{field}: without {name}")));
}

fn names_it(rule: &OrderingRule, event: &str) -> bool {
    match rule {
        OrderingRule::Sequence { .. } => false,
        OrderingRule::Precedence { after, .. } => after == event,
        OrderingRule::Chain { types, .. } => types.iter().any(|it| it == event),
    }
}
