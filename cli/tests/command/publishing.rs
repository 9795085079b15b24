//! `wingman demo --scenario publishing`: what it prints, what it leaves, and what an edited contract
//! changes.

use crate::process::{Ended, LEDGER, Place, outcomes};

const DEMO: [&str; 5] = ["demo", "--scenario", "publishing", "--out", "demo"];

fn as_json(place: &Place) -> serde_json::Value {
    place.run(&[&DEMO[..], &["--json"]].concat()).done().json()
}

#[test]
fn its_json_has_the_shape_of_every_scenario() {
    let place = Place::new();
    let report = as_json(&place);
    assert_eq!(report["scenario"], "publishing");
    assert_eq!(outcomes(&report), ["completed", "completed", "partial", "refused"]);
    let verified = (&report["verified"], &report["uncovered"], &report["mode"]);
    assert_eq!(verified, (&true.into(), &0.into(), &"enforce".into()));
    let counts = |name: &str| -> Vec<u64> {
        let requests = report["requests"].as_array().unwrap();
        requests.iter().map(|it| it[name].as_u64().unwrap()).collect()
    };
    assert_eq!(counts("events"), [10, 10, 9, 5]);
    assert_eq!(counts("executions"), [9, 9, 9, 4]);
    assert_eq!(counts("refusals"), [0, 0, 0, 2]);
    assert_eq!(counts("compensations"), [0; 4]);
}

#[test]
fn its_text_tells_what_waited_what_failed_and_what_was_refused() {
    let place = Place::new();
    let Ended { out, err, .. } = place.run(&DEMO).done();
    for part in [
        "publishing · enforce · memory:// · sqlite://demo/ledger.db",
        "Every stage is code here, people and models come later;",
        "ms for #2",
        "└ format         PublishPackageReady",
        "├ feed       ReleaseAnnounced  feed.add site/feed/coffee-prices.xml absent → ",
        "└ newsletter in quarantine     exhausted, 3 attempts: connection refused",
        "newsletter.send tea-friends, ",
        "order PublishPackageReady comes from DraftDisputed, not from CitationsAttached; 0 tool calls",
        ", class 2, unrehearsed",
        "Events 34, all stamped · executions 31, all settled · effects undone 0 of 0 · in quarantine 1",
        "Verify wingman audit verify --ledger sqlite://demo/ledger.db",
    ] {
        assert!(out.contains(part), "{part:?} is not in:\n{out}");
    }
    assert_eq!(err, "");
    assert!(place.exists("demo/work/site/coffee-prices.md"));
    assert!(!place.exists("demo/work/site/the-moon-of-tea.md"));
    place.run(&["audit", "verify", "--ledger", LEDGER]).done();
}

#[test]
fn without_the_chain_in_the_file_the_unverified_draft_is_released() {
    let place = Place::new();
    as_json(&place);
    let handlers = place.read("demo/contracts/handlers.yaml");
    let chain = handlers.lines().find(|line| line.contains("{ chain: ")).unwrap();
    place.edit("demo/contracts/handlers.yaml", chain, "");
    let report = as_json(&place);
    assert_eq!(outcomes(&report), ["completed", "completed", "partial", "completed"]);
    assert_eq!(report["verified"], true);
    assert!(place.exists("demo/work/site/the-moon-of-tea.md"));
}

#[test]
fn the_plan_to_undo_a_release_ends_with_its_page() {
    let place = Place::new();
    let report = as_json(&place);
    let tree = report["requests"][0]["correlation"].as_str().unwrap();
    let planned = place.on_ledger(&["rollback", "plan", tree]).done().json();
    let tools: Vec<&str> = planned["undos"]
        .as_array()
        .unwrap()
        .iter()
        .map(|it| it["tool"].as_str().unwrap())
        .collect();
    assert_eq!(tools.last(), Some(&"site.publish"));
    assert_eq!(tools.len(), 3, "{tools:?}");
}

#[test]
fn nobody_is_asked_so_nobody_can_answer() {
    let place = Place::new();
    let ended = place.run(&[&DEMO[..], &["--interactive"]].concat());
    ended.refused(1, &["publishing asks nobody", "--scenario agent-loop"]);
}
