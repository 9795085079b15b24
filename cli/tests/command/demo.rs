//! `wingman demo` by itself: what it prints, what it leaves, and what edited contracts change.

use serde_json::Value;

use crate::process::{Ended, LEDGER, Place, Running, outcomes};

const ALL: [&str; 5] = ["completed", "rejected", "denied", "blocked", "rolled_back"];

#[test]
fn its_json_has_the_documented_shape_and_every_branch() {
    let place = Place::new();
    let report = place.run(&["demo", "--out", "demo", "--json"]).done().json();
    let keys = |value: &Value| value.as_object().unwrap().keys().cloned().collect::<Vec<_>>();
    assert_eq!(
        keys(&report),
        [
            "broker",
            "mode",
            "page",
            "requests",
            "root",
            "scenario",
            "stamps",
            "uncovered",
            "verified"
        ]
    );
    for request in report["requests"].as_array().unwrap() {
        let expected = [
            "compensations",
            "correlation",
            "events",
            "executions",
            "outcome",
            "refusals",
            "would_refuse",
        ];
        assert_eq!(request["would_refuse"], 0);
        assert_eq!(keys(request), expected);
    }
    assert_eq!(outcomes(&report), ALL);
    assert_eq!(report["verified"], true);
    assert_eq!(report["uncovered"], 0);
    assert_eq!(report["broker"], "memory://");
    assert_eq!(report["mode"], "enforce");
    assert_eq!(report["root"].as_str().unwrap().len(), 64);
    assert_eq!(report["requests"][4]["compensations"], 2);
    let refusals: u64 = report["requests"]
        .as_array()
        .unwrap()
        .iter()
        .map(|it| it["refusals"].as_u64().unwrap())
        .sum();
    assert_eq!(refusals, 3);
}

/// The same contracts, requests and answers: what they refuse happens, and is told.
#[test]
fn observed_it_does_what_it_would_refuse_and_says_so() {
    let place = Place::new();
    let observe = ["demo", "--out", "demo", "--mode", "observe"];
    let out = place.run(&observe).done().out;
    for part in [
        "agent-loop · observe · memory://",
        "│ would refuse P-01 email.send is not in scope",
        "│ would refuse P-02 fs.remove needs delete, has write",
        "ExecutionComplete fs.remove archive.txt",
        "5 steps would have been refused",
        "· observe · root",
    ] {
        assert!(out.contains(part), "{part:?} is not in:\n{out}");
    }
    assert!(!place.exists("demo/work/archive.txt"), "the tool ran");
    let report = place.run(&[&observe[..], &["--json"]].concat()).done().json();
    assert_eq!(report["mode"], "observe");
    // A person's answer, and what an effect does, are the same in both modes.
    assert_eq!(
        outcomes(&report),
        ["completed", "rolled_back", "completed", "blocked", "rolled_back"]
    );
    let would: Vec<_> = report["requests"].as_array().unwrap().iter().collect();
    let would: Vec<_> = would.into_iter().map(|it| it["would_refuse"].as_u64().unwrap()).collect();
    assert_eq!(would, [0, 3, 2, 0, 0]);
    let tree = report["requests"][2]["correlation"].as_str().unwrap();
    let trace = place.run(&["trace", tree, "--ledger", LEDGER]).done().out;
    assert!(trace.contains("· would refuse P-02 fs.remove needs delete, has write"), "{trace}");
    let stamps = place.run(&["audit", "show", "--ledger", LEDGER]).done().out;
    for part in ["kind worker_joined", "mode observe", "kind would_refuse", "about fs.remove"] {
        assert!(stamps.contains(part), "{part:?} is not in:\n{stamps}");
    }
    // In the other mode the same folder refuses again, and the log tells of both.
    let enforced = place.run(&["demo", "--out", "demo", "--json"]).done().json();
    assert_eq!(outcomes(&enforced), ALL);
    let verified = place.on_ledger(&["audit", "verify"]).done().json();
    assert_eq!(verified["modes"], serde_json::json!(["observe", "enforce"]));
}

#[test]
fn its_text_tells_each_request_and_how_to_check() {
    let place = Place::new();
    let Ended { out, err, .. } = place.run(&["demo", "--out", "demo"]).done();
    for part in [
        "agent-loop · enforce · memory:// · sqlite://demo/ledger.db",
        "Approver: demo key (--interactive asks you).",
        "REJECTED",
        "RequestRejected   P-01 email.send is not in scope",
        "PermissionDenied  P-02 fs.remove needs delete, has write",
        "ExecutionBlocked  P-04 \"ok\" of demo-approver is not YES; 0 tool calls",
        "ExecutionApproved YES, key demo-approver",
        "inclusion proof ok",
        "CompensationPlanned 2 effects, reverse order",
        "undone fs.create notice.txt: absent, as before",
        "Events 24, all stamped · executions 19, all settled · effects undone 2 of 2",
        "Look   demo/demo.html",
        "Verify wingman audit verify --ledger sqlite://demo/ledger.db",
    ] {
        assert!(out.contains(part), "{part:?} is not in:\n{out}");
    }
    assert_eq!(err, "");
    assert!(place.read("demo/demo.html").starts_with("<!DOCTYPE html>"));
    let kept = "Keep demo/ledger.db.checkpoint.txt elsewhere";
    assert!(out.contains(kept), "{out}");
    assert!(place.exists("demo/ledger.db.checkpoint.txt"));
}

#[test]
fn a_second_run_adds_to_the_ledger_and_keeps_edited_contracts() {
    let place = Place::with_demo();
    place.edit("demo/contracts/handlers.yaml", "# A\n", "# A, as I like it\n");
    let edited = place.read("demo/contracts/handlers.yaml");
    let first = place.on_ledger(&["audit", "verify"]).done().json();
    let report = place.run(&["demo", "--out", "demo", "--json"]).done().json();
    assert_eq!(outcomes(&report), ALL);
    assert!(report["stamps"].as_u64() > first["stamps"].as_u64());
    assert_eq!(place.read("demo/contracts/handlers.yaml"), edited);
}

#[test]
fn a_wider_grant_in_the_file_lets_the_denied_request_through() {
    let place = Place::with_demo();
    assert!(place.exists("demo/work/archive.txt"));
    place.edit("demo/contracts/handlers.yaml", "fs.remove: write", "fs.remove: delete");
    let report = place.run(&["demo", "--out", "demo", "--json"]).done().json();
    assert_eq!(outcomes(&report), ["completed", "rejected", "completed", "blocked", "rolled_back"]);
    assert!(!place.exists("demo/work/archive.txt"));
}

#[test]
fn contracts_elsewhere_are_enforced_instead() {
    let place = Place::with_demo();
    std::fs::rename(place.path("demo/contracts"), place.path("mine")).unwrap();
    place.edit("mine/handlers.yaml", "fs.create: write, ", "");
    let report =
        place.run(&["demo", "--out", "demo", "--contracts", "mine", "--json"]).done().json();
    assert_eq!(outcomes(&report)[0], "rejected");
    assert!(!place.exists("demo/contracts"));
    // Another folder has another demo key: the principals do not know it.
    let other = place.run(&["demo", "--out", "other", "--contracts", "mine"]);
    other.refused(1, &["demo-approver", "sign with the key"]);
}

#[test]
fn a_broken_contract_is_named_with_file_line_and_remedy() {
    let place = Place::with_demo();
    place.edit("demo/contracts/handlers.yaml", "mission: \"Turn", "mision: \"Turn");
    let text = place.read("demo/contracts/handlers.yaml");
    let line = text.lines().position(|line| line.contains("mision")).unwrap() + 1;
    let at = format!("handlers.yaml:{line}: ");
    place.run(&["demo", "--out", "demo"]).refused(1, &[&at, "mision", "did you mean \"mission\"?"]);
    place.run(&["contracts", "lint", "demo/contracts"]).refused(1, &[&at]);
}

#[test]
fn the_ledger_may_be_elsewhere() {
    let place = Place::new();
    let report =
        place.run(&["demo", "--out", "demo", "--ledger", "sqlite://mine.db", "--json"]).done();
    assert_eq!(outcomes(&report.json()), ALL);
    assert!(place.exists("mine.db") && !place.exists("demo/ledger.db"));
    place.run(&["audit", "verify", "--ledger", "sqlite://mine.db"]).done();
    place.run(&["audit", "verify", "--ledger", LEDGER]).refused(1, &["there is no ledger"]);
}

#[test]
fn without_out_a_new_folder_is_made() {
    let place = Place::new();
    place.run(&["demo", "--json"]).done();
    let names: Vec<String> = std::fs::read_dir(place.path("."))
        .unwrap()
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .collect();
    let [name] = &names[..] else { panic!("{names:?}") };
    assert!(name.starts_with("demo-") && place.exists(&format!("{name}/ledger.db")), "{name}");
}

#[test]
fn a_reader_that_goes_away_ends_it_quietly() {
    let place = Place::with_demo();
    let ended = Running::deaf(&["audit", "show", "--ledger", LEDGER], &place).end().done();
    assert_eq!(ended.err, "");
}

#[test]
fn a_folder_of_the_other_scenario_says_what_to_do() {
    let place = Place::with_demo();
    let other = ["demo", "--out", "demo", "--scenario", "publishing"];
    let parts = ["draft-writer", "scenario publishing", "--scenario", "choose another --out"];
    place.run(&other).refused(1, &parts);
    let ledger = place.on_ledger(&["audit", "verify"]).done().json();
    assert_eq!(ledger["modes"], serde_json::json!(["enforce"]));
}
