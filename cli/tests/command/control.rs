//! A second process lists, approves, denies, halts, resumes and reads while the demo runs.

use serde_json::Value;

use crate::process::{LEDGER, Place, Running, eventually};

const KEY: &str = "demo/demo-approver.key";

/// A demo whose three plans wait for a person who says nothing.
pub(crate) fn waiting(place: &Place) -> (Running, Vec<Value>) {
    let mut demo = place.start(&["demo", "--out", "demo", "--interactive", "--json"]);
    demo.wait_for("Answer YES");
    let plans = eventually("three plans wait", || {
        let plans = place.on_ledger(&["approvals", "list"]).done().json_lines();
        (plans.len() == 3).then_some(plans)
    });
    (demo, plans)
}

/// The digest of the plan for a request, and its tree.
pub(crate) fn plan_of(plans: &[Value], number: u64) -> (String, String) {
    let plan = plans
        .iter()
        .find(|plan| {
            let text: Value = serde_json::from_str(plan["text"].as_str().unwrap()).unwrap();
            text["number"] == number
        })
        .unwrap();
    let text = |name: &str| plan[name].as_str().unwrap().to_owned();
    (text("digest"), text("tree"))
}

pub(crate) fn answer(place: &Place, answer: &str, plan: &str) {
    place.on_ledger(&["approvals", answer, plan, "--key", KEY]).done();
}

fn index_of(stamps: &[Value], what: &str) -> u64 {
    let found = stamps.iter().find(|stamp| stamp["kind"] == what);
    found.unwrap()["index"].as_u64().unwrap()
}

fn stamps(place: &Place) -> Vec<Value> {
    place.on_ledger(&["audit", "show"]).done().json_lines()
}

fn executor_starts(stamps: &[Value]) -> Vec<u64> {
    let is_start = |stamp: &&Value| {
        stamp["kind"] == "started"
            && stamp["text"].as_str().unwrap().contains("handler tool-executor\n")
    };
    stamps.iter().filter(is_start).map(|stamp| stamp["index"].as_u64().unwrap()).collect()
}

#[test]
fn nothing_of_a_halted_handler_starts_until_it_is_resumed() {
    let place = Place::new();
    let (demo, plans) = waiting(&place);
    let halted = place.on_ledger(&["halt", "tool-executor", "--as", "ada"]).done().json();
    assert_eq!(halted["confirmed"].as_array().unwrap().len(), 1, "{halted}");
    assert_eq!(halted["silent"].as_array().unwrap().len(), 0);
    let ((one, tree), (five, _), (four, _)) =
        (plan_of(&plans, 1), plan_of(&plans, 5), plan_of(&plans, 4));
    answer(&place, "approve", &one);
    answer(&place, "approve", &five[..8]);
    answer(&place, "deny", &four);
    eventually("the approval went out", || {
        let trace = place.on_ledger(&["trace", &tree, "--format", "json"]).done();
        trace.out.contains("ExecutionApproved").then_some(())
    });
    place.on_ledger(&["audit", "verify"]).done();
    assert_eq!(executor_starts(&stamps(&place)), [0_u64; 0]);
    assert!(!place.exists("demo/work/summary.md"));
    let resumed = place.on_ledger(&["resume", "tool-executor", "--as", "ada"]).done().json();
    assert_eq!(resumed["confirmed"].as_array().unwrap().len(), 1, "{resumed}");

    let report = demo.end().done().json();
    assert_eq!(report["verified"], true);
    let outcome = |number: usize| report["requests"][number - 1]["outcome"].clone();
    assert_eq!([outcome(1), outcome(4), outcome(5)], ["completed", "blocked", "rolled_back"]);
    let stamps = stamps(&place);
    let (halt, resume) = (index_of(&stamps, "halted"), index_of(&stamps, "resumed"));
    let starts = executor_starts(&stamps);
    assert!(halt < resume && starts.len() == 2);
    assert!(starts.iter().all(|start| *start > resume), "{starts:?}, resumed at {resume}");
    assert!(stamps[usize::try_from(halt).unwrap()]["text"].as_str().unwrap().contains("by ada"));
}

#[test]
fn an_answer_counts_once_and_only_by_a_known_key() {
    let place = Place::new();
    let (demo, plans) = waiting(&place);
    let (one, _) = plan_of(&plans, 1);
    place.run(&["demo", "--out", "other", "--json"]).done();
    place
        .on_ledger(&["approvals", "approve", &one, "--key", "other/demo-approver.key"])
        .refused(1, &["sign with the key"]);
    place
        .on_ledger(&["approvals", "approve", &one, "--key", "missing.key"])
        .refused(1, &["missing.key"]);
    place
        .on_ledger(&["approvals", "approve", "", "--key", KEY])
        .refused(2, &["more than one", "give more digits"]);
    for number in [1, 4, 5] {
        answer(&place, "deny", &plan_of(&plans, number).0);
    }
    place
        .on_ledger(&["approvals", "approve", &one, "--key", KEY])
        .refused(1, &["no open plan", "approvals list"]);
    let report = demo.end().done().json();
    for number in [1, 4, 5] {
        assert_eq!(report["requests"][number - 1]["outcome"], "blocked");
    }
}

#[test]
fn a_mistyped_handler_is_not_halted_in_silence() {
    let place = Place::with_demo();
    place
        .on_ledger(&["halt", "tool-exekutor"])
        .refused(2, &["no process on this ledger has a handler tool-exekutor", "tool-executor"]);
    let halted = place.run(&["halt", "--ledger", LEDGER]).done();
    assert!(halted.out.contains("halted all handlers"), "{halted:?}");
    place.run(&["resume", "--ledger", LEDGER]).done();
}
