//! What stays of a declared contract, and what does not, for what was seen.

use std::collections::BTreeSet;

use super::handler::propose;
use super::seen::{Most, Seen, Sight, ToolUse};
use super::{Proposal, events};
use crate::contract::{Contracts, EventContract, HandlerContract, Level, OrderingRule};

const ONCE: Sight = Sight { count: 1, first: 3, last: 3 };

fn used(level: Level, happened: bool) -> ToolUse {
    ToolUse { level, calls: ONCE, happened, undo: BTreeSet::new() }
}

/// A run on `A` that emitted `B` and called `x.do` at `write`.
fn seen() -> Seen {
    Seen {
        consumed: [("A".to_owned(), ONCE)].into(),
        emitted: [("B".to_owned(), ONCE)].into(),
        tools: [("x.do".to_owned(), used(Level::Write, true))].into(),
        depth: Some(Most { value: 4, stamp: 3 }),
        fanout: Some(Most { value: 2, stamp: 5 }),
        ..Seen::default()
    }
}

fn declared() -> HandlerContract {
    HandlerContract::new("h").mission("Do").consumes("A").consumes("Z").emits("B").emits("C")
}

#[test]
fn grants_are_what_was_seen_and_no_more() {
    let contract = propose("h", seen(), Some(&declared().tool("y", Level::Read)), false).contract;
    assert_eq!(contract.consumes, ["A".to_owned()].into());
    assert_eq!(contract.emits, ["B".to_owned()].into());
    assert_eq!(contract.granted().collect::<Vec<_>>(), [("x.do", Level::Write)]);
    assert_eq!((contract.limits.depth, contract.limits.fanout), (4, 2));
    assert_eq!(contract.scope.mission, "Do");
}

#[test]
fn what_only_binds_stays_even_where_it_was_broken() {
    let mut seen = seen();
    let noted = [("A".to_owned(), ONCE)].into();
    seen.noted = [("order".to_owned(), noted)].into();
    let rule = OrderingRule::Sequence { key: "correlation".into() };
    let before = declared().ordering(rule.clone()).requires_approval("/plan").disallow("delete");
    let proposed = propose("h", seen, Some(&before), false);
    assert_eq!(proposed.contract.ordering, [rule]);
    assert_eq!(proposed.contract.requires_approval.as_deref(), Some("/plan"));
    assert!(proposed.contract.scope.disallowed.contains("delete"));
}

#[test]
fn bounds_that_forbid_what_was_seen_are_changes_and_named() {
    for (before, part) in [
        (declared().disallow("do"), "scope.disallowed do: x.do was called at write"),
        (declared().disallow("read"), "scope.disallowed read: x.do was called at write"),
        (declared().allow("other"), "scope.allowed, which left out x.do at write"),
        (declared().done("C"), "scope.done C, which was never seen"),
        (declared().tool("x.do", Level::Admin), "x.do: admin, which was called at write at most"),
        (
            declared().ordering(OrderingRule::Chain {
                types: vec!["A".to_owned(), "Z".to_owned()],
                key: "correlation".into(),
                digest: None,
            }),
            "a chain rule: what it judges was never seen",
        ),
    ] {
        let proposed = propose("h", seen(), Some(&before), false);
        assert_eq!(proposed.contract.permits("x.do", Level::Write), Ok(()), "{part}");
        let found = proposed.changes.iter().any(|it| it.contains(part));
        assert!(found, "{part:?} is not in {:?}", proposed.changes);
    }
    let mut more = seen();
    more.not_last.insert("B".to_owned());
    let proposed = propose("h", more, Some(&declared().done("B")), true);
    assert_eq!(proposed.contract.scope.done, None);
}

#[test]
fn what_completes_a_mission_is_proposed_where_it_is_asked_for_and_only_one_can() {
    let done = |seen: Seen, asked| propose("h", seen, Some(&declared()), asked).contract.scope.done;
    assert_eq!(done(seen(), false), None);
    assert_eq!(done(seen(), true).as_deref(), Some("B"));
    let mut two = seen();
    two.emitted.insert("C".to_owned(), ONCE);
    assert_eq!(done(two.clone(), true), None);
    two.not_last.insert("B".to_owned());
    assert_eq!(done(two, true).as_deref(), Some("C"));
}

#[test]
fn a_tool_that_the_process_lacked_is_not_granted() {
    let mut seen = seen();
    seen.tools.insert("gone".to_owned(), used(Level::Admin, false));
    // One that failed each time at a lower level is one that there is.
    seen.tools.insert("down".to_owned(), used(Level::Write, false));
    let proposed = propose("h", seen, None, false);
    let tools: Vec<_> = proposed.contract.granted().map(|(tool, _)| tool).collect();
    assert_eq!(tools, ["down", "x.do"]);
}

#[test]
fn a_refusal_stays_possible() {
    let proposed = propose("h", Seen::default(), Some(&declared().refusal("C")), false);
    assert!(proposed.contract.emits.contains("C"));
    assert_eq!(proposed.contract.limits.fanout, 1);
}

#[test]
fn events_name_who_emits_and_consumes_them_now() {
    let contracts = Contracts::builder()
        .event(EventContract::new("A", 1).external())
        .event(EventContract::new("B", 1).producer("other").producer("h").consumer("nobody"))
        .event(EventContract::new("C", 1).producer("h"))
        .handler(HandlerContract::new("h").consumes("A").emits("B").emits("C"))
        .handler(HandlerContract::new("other").consumes("A").emits("B"))
        .build()
        .unwrap();
    let now = HandlerContract::new("h").consumes("A").emits("New");
    let other = HandlerContract::new("other").consumes("A").emits("B");
    let handlers = [("h", &now), ("other", &other)].into();
    let fitted = events::fit(&contracts, &handlers);
    let of = |name: &str| fitted.iter().find(|it| it.contract.event == name).unwrap();
    assert_eq!(of("B").notes, ["producer: without h"]);
    assert!(of("B").contract.consumers.admit("nobody"), "it may be a handler of another set");
    assert!(of("C").is_idle && !of("B").is_idle && !of("A").is_idle);
    assert!(of("New").contract.producer.names("h"));
    assert!(of("New").notes[0].contains("no contract declared it"));
}

/// Whatever names come out of a ledger, each comment stays on its line.
#[test]
fn comments_cannot_become_fields() {
    let mut seen = seen();
    let about = [("x\nhandler: other".to_owned(), ONCE)].into();
    seen.noted = [("P-01".to_owned(), about)].into();
    let proposed = propose("h", seen, Some(&declared()), false);
    let proposal = Proposal {
        proposed: [("h".to_owned(), proposed)].into(),
        saw: Vec::new(),
        kept: std::collections::BTreeMap::new(),
        events: Vec::new(),
        principals: Vec::new(),
    };
    let text = proposal.handlers_to_yaml();
    assert_eq!(text.matches("\nhandler: ").count(), 1, "{text}");
}
