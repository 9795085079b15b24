//! Dead letters and parked deliveries, from a process beside the one whose they are.

use serde_json::Value;

use crate::control::waiting;
use crate::process::{LEDGER, Place, eventually};

const KEY: &str = "demo/demo-approver.key";
/// What the demo's second handler may not emit any more, because nothing has this field.
const IMPOSSIBLE: &str = r#"{ "type": "object", "required": ["no_such_field"] }"#;

/// A demo that runs, and whose second request ended in quarantine.
fn with_letter(place: &Place) -> (crate::process::Running, Value) {
    place.run(&["demo", "--out", "demo"]).done();
    std::fs::write(place.path("demo/contracts/schemas/impossible.json"), IMPOSSIBLE).unwrap();
    place.edit("demo/contracts/events.yaml", REJECTED, &impossible());
    let demo = place.start(&["demo", "--out", "demo", "--interactive", "--json"]);
    let letter = eventually("the second request is given up on", || letters(place).pop());
    (demo, letter)
}

const REJECTED: &str = "event: RequestRejected\nversion: 1\n";

fn impossible() -> String {
    format!("{REJECTED}input_schema: schemas/impossible.json\n")
}

fn letters(place: &Place) -> Vec<Value> {
    place.on_ledger(&["dead-letters", "list"]).done().json_lines()
}

fn text<'a>(value: &'a Value, name: &str) -> &'a str {
    value[name].as_str().unwrap_or_else(|| panic!("{name} of {value}"))
}

#[test]
fn a_letter_shows_what_was_received_and_why_it_was_given_up_on() {
    let place = Place::new();
    let (_demo, letter) = with_letter(&place);
    assert_eq!(text(&letter, "handler"), "scope-filter");
    assert_eq!(text(&letter, "reason"), "output_refused");
    let id = text(&letter, "id");
    let shown = place.on_ledger(&["dead-letters", "show", id]).done().json();
    assert_eq!(shown["event"]["type"], "UserRequestReceived");
    let attempt = &shown["attempts"][0];
    assert!(text(attempt, "reason").contains("no_such_field"), "{attempt}");
    assert!(attempt["worker"].is_string() && attempt["at_millis"].is_u64());
    let headers = shown["received"]["headers"].as_array().unwrap();
    assert!(headers.iter().any(|header| header[0] == "ce_specversion"), "{headers:?}");

    let show = ["dead-letters", "show", &id[..20], "--ledger", LEDGER];
    let raw = place.run(&[&show[..], &["--raw"]].concat()).done().out;
    let body: Value = serde_json::from_str(&raw).unwrap();
    assert!(body["text"].is_string(), "{raw}");
    let people = place.run(&show).done().out;
    for part in ["scope-filter", "attempt 1", "header     ce_type: UserRequestReceived", &*raw] {
        assert!(people.contains(part), "{part:?} is not in {people}");
    }
    place
        .on_ledger(&["dead-letters", "show", "00"])
        .refused(1, &["no dead letter", "dead-letters list"]);
}

#[test]
fn a_replay_runs_in_the_process_that_has_the_handler_and_only_once() {
    let place = Place::new();
    let (demo, letter) = with_letter(&place);
    let (id, tree) = (text(&letter, "id"), text(&letter, "correlation"));
    place.run(&["demo", "--out", "other", "--json"]).done();
    place
        .on_ledger(&["dead-letters", "replay", id, "--key", "other/demo-approver.key"])
        .refused(1, &["sign with the key"]);
    let replayed = place.on_ledger(&["dead-letters", "replay", id, "--key", KEY]).done().json();
    assert_eq!((&replayed["replay"], &replayed["running"]), (&1.into(), &true.into()));
    let into = text(&replayed, "execution");
    place
        .on_ledger(&["dead-letters", "replay", id, "--key", KEY])
        .refused(1, &["decided before", "replayed by demo-approver", into]);
    place.on_ledger(&["dead-letters", "discard", id, "--key", KEY]).refused(1, &["decided before"]);
    eventually("it failed again, as another letter", || (letters(&place).len() == 2).then_some(()));
    assert_eq!(text(&letters(&place)[0], "id"), into);
    drop(demo);

    // Mended, it goes on in another process, from the ledger alone: this broker never had it.
    place.edit("demo/contracts/events.yaml", &impossible(), REJECTED);
    let replayed = place.on_ledger(&["dead-letters", "replay", into, "--key", KEY]).done().json();
    assert_eq!((&replayed["replay"], &replayed["running"]), (&2.into(), &false.into()));
    let _demo = place.start(&["demo", "--out", "demo", "--interactive", "--json"]);
    let trace = eventually("the second request is rejected at last", || {
        let trace = place.on_ledger(&["trace", tree, "--format", "json"]).done().out;
        trace.contains("RequestRejected").then_some(trace)
    });
    let trace: Value = serde_json::from_str(&trace).unwrap();
    let replays: Vec<u64> = trace["roots"][0]["executions"]
        .as_array()
        .unwrap()
        .iter()
        .map(|it| it["replay"].as_u64().unwrap())
        .collect();
    assert_eq!(replays, [0, 1, 2]);
    let stamps = place.on_ledger(&["audit", "show", "--correlation", tree]).done().json_lines();
    assert_eq!(stamps.iter().filter(|stamp| stamp["kind"] == "replayed").count(), 2);
    place.on_ledger(&["audit", "verify"]).done();
}

#[test]
fn only_an_operator_decides_and_a_discard_is_final() {
    let place = Place::new();
    let (demo, letter) = with_letter(&place);
    let id = text(&letter, "id");
    drop(demo);
    place.edit(
        "demo/contracts/principals.yaml",
        "roles: [approver, operator]",
        "roles: [approver]",
    );
    let discard = ["dead-letters", "discard", id, "--key", KEY];
    place.on_ledger(&discard).refused(1, &["does not hold the role operator", "roles include"]);
    place.edit(
        "demo/contracts/principals.yaml",
        "roles: [approver]",
        "roles: [approver, operator]",
    );
    assert_eq!(place.on_ledger(&discard).done().json()["state"], "discarded");
    let shown = place.on_ledger(&["dead-letters", "show", id]).done().json();
    assert_eq!(shown["received"]["payload"], "");
    assert_eq!(shown["fate"]["by"], "demo-approver");
    assert!(shown["fate"]["payload_digest"].is_string());
    place
        .on_ledger(&["dead-letters", "replay", id, "--key", KEY])
        .refused(1, &["discarded by demo-approver"]);
    place
        .run(&["dead-letters", "show", id, "--ledger", LEDGER, "--raw"])
        .refused(1, &["its bytes are gone"]);
    place.on_ledger(&["audit", "verify"]).done();
}

#[test]
fn what_waits_says_for_what_since_when_and_until_when() {
    let place = Place::new();
    let (demo, plans) = waiting(&place);
    let parked = place.on_ledger(&["parked", "list"]).done().json_lines();
    assert_eq!(parked.len(), 3, "{parked:?}");
    for row in &parked {
        assert_eq!(text(row, "handler"), "responsibility-handshake");
        assert!(plans.iter().any(|plan| plan["digest"] == row["reason"]["plan"]), "{row}");
        let moment = |name: &str| row[name].as_u64().unwrap();
        assert!(moment("since_millis") > 0 && moment("deadline_millis") > moment("since_millis"));
    }
    let id = text(&parked[0], "id");
    let shown = place.on_ledger(&["parked", "show", id]).done().json();
    assert_eq!(shown["event"]["type"], "ExecutionPlanProposed");
    let people = place.run(&["parked", "show", id, "--ledger", LEDGER]).done().out;
    for part in ["waits for an answer to plan", "until", "header     ce_type"] {
        assert!(people.contains(part), "{part:?} is not in {people}");
    }
    let raw = place.run(&["parked", "show", id, "--ledger", LEDGER, "--raw"]).done().out;
    assert!(people.contains(&raw), "{raw:?} is not in {people}");
    for plan in &plans {
        place.on_ledger(&["approvals", "deny", text(plan, "digest"), "--key", KEY]).done();
    }
    demo.end().done();
    let none = place.run(&["parked", "list", "--ledger", LEDGER]).done().out;
    assert_eq!(none, "nothing waits\n");
}
