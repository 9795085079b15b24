//! P-05 in the demo: what a plan is worth and what the executor hands in are shown, and a contract that
//! asks for more refuses.

use crate::process::{LEDGER, Place, outcomes};

const HANDLERS: &str = "demo/contracts/handlers.yaml";

/// The tree of a request of a demo that runs now.
fn tree_of(place: &Place, number: usize) -> String {
    let report = place.run(&["demo", "--out", "demo", "--json"]).done().json();
    report["requests"][number - 1]["correlation"].as_str().unwrap().to_owned()
}

#[test]
fn what_a_plan_is_worth_is_in_the_transcript_the_trace_and_the_log() {
    let place = Place::new();
    let told = place.run(&["demo", "--out", "demo"]).done().out;
    assert!(told.contains("class 2, unrehearsed; recommendation, uncertainty low"), "{told}");
    let tree = tree_of(&place, 1);
    let trace = place.run(&["trace", &tree, "--ledger", LEDGER]).done().out;
    for part in [
        "· recommendation, uncertainty low: the plan follows from the words by a fixed table",
        "· source provided",
        "· assumes the request means what its words say",
        "· may fail: fs.create cannot be done",
        "· rollback files are restored; what was sent stays sent",
        "· responsibility whoever answers YES",
        "· escalation a step fails",
        "· artifact execution-receipt {\"done\":[\"fs.create summary.md\"],\"number\":1,\"steps\":1}",
    ] {
        assert!(trace.contains(part), "{part:?} is not in:\n{trace}");
    }
    let trace = place.on_ledger(&["trace", &tree, "--format", "json"]).done().out;
    assert!(trace.contains("\"coherence\":{\"form\":\"full\",\"claim\":\"recommendation\""));
    let stamps = place.on_ledger(&["audit", "show", "--correlation", &tree]).done().json_lines();
    let texts = stamps.iter().map(|stamp| stamp["text"].as_str().unwrap());
    let committed: Vec<&str> = texts
        .flat_map(str::lines)
        .filter(|line| line.starts_with("coherence ") || line.starts_with("artifact "))
        .collect();
    let [coherence, artifact] = committed[..] else { panic!("{committed:?}") };
    let words = "coherence full claim=recommendation uncertainty=low source=provided ";
    assert!(coherence.starts_with(words), "{coherence}");
    assert!(artifact.starts_with("artifact execution-receipt "), "{artifact}");
    let shown = place.run(&["audit", "show", "--ledger", LEDGER]).done().out;
    assert!(shown.contains(coherence) && shown.contains(artifact), "{shown}");
    place.on_ledger(&["audit", "verify"]).done();
}

#[test]
fn a_handler_that_says_less_than_its_contract_asks_for_is_refused_by_name() {
    let place = Place::with_demo();
    place.edit(HANDLERS, "handler: scope-filter\n", "handler: scope-filter\ncoherence: fast\n");
    let out = place.run(&["demo", "--out", "demo"]).done().out;
    let why = "refused P-05 scope-filter gives no coherence, and its contract asks for fast";
    assert_eq!(out.matches(why).count(), 5, "{out}");
    let report = place.run(&["demo", "--out", "demo", "--json"]).done().json();
    assert_eq!(outcomes(&report), ["refused"; 5]);
    assert!(!place.exists("demo/work/summary.md"));
    let tree = report["requests"][0]["correlation"].as_str().unwrap();
    let trace = place.run(&["trace", tree, "--ledger", LEDGER]).done().out;
    assert!(trace.contains("└ scope-filter refused P-05"), "{trace}");
    assert!(trace.contains("· because scope-filter gives no coherence"), "{trace}");
}

#[test]
fn observed_the_same_is_told_and_happens() {
    let place = Place::with_demo();
    place.edit(HANDLERS, "handler: scope-filter\n", "handler: scope-filter\ncoherence: fast\n");
    let out = place.run(&["demo", "--out", "demo", "--mode", "observe"]).done().out;
    let why = "would refuse P-05 scope-filter gives no coherence, and its contract asks for fast";
    assert_eq!(out.matches(why).count(), 5, "{out}");
    assert!(place.exists("demo/work/summary.md"));
}

#[test]
fn an_event_that_demands_it_is_not_consumed_without() {
    let place = Place::with_demo();
    place.edit(HANDLERS, "coherence: full\n", "");
    let parts = [
        "execution-proposal-generator",
        "event PermissionsVerified demands P-05",
        "coherence: fast",
    ];
    place.run(&["contracts", "lint", "demo/contracts"]).refused(1, &parts);
    place.run(&["demo", "--out", "demo"]).refused(1, &parts);
    place.edit("demo/contracts/events.yaml", "P-03, P-05]", "P-03]");
    let tree = tree_of(&place, 1);
    let trace = place.run(&["trace", &tree, "--ledger", LEDGER]).done().out;
    assert!(trace.contains("ExecutionRecorded") && !trace.contains("uncertainty"), "{trace}");
}

#[test]
fn a_receipt_that_its_schema_does_not_admit_refuses_the_executor() {
    let place = Place::with_demo();
    place.edit("demo/contracts/schemas/receipt.json", "\"done\"]", "\"done\", \"witness\"]");
    let report = place.run(&["demo", "--out", "demo", "--json"]).done().json();
    assert_eq!(outcomes(&report), ["refused", "rejected", "denied", "blocked", "refused"]);
    let tree = report["requests"][0]["correlation"].as_str().unwrap();
    let trace = place.run(&["trace", tree, "--ledger", LEDGER]).done().out;
    let why = "· because the execution-receipt of tool-executor breaks its schema at its root";
    assert!(trace.contains(why), "{trace}");
    // What nobody accounts for does not stand.
    assert!(trace.contains("· fs.create undone"), "{trace}");
    assert!(!place.exists("demo/work/summary.md"));
    assert!(place.read("demo/work/prices.csv").contains("4.00"));
}
