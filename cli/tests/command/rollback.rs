//! `wingman rollback` from another process: the one that has the tools does the work, and what it cannot
//! do waits for a person.

use serde_json::Value;

use crate::control::{answer, plan_of, waiting};
use crate::process::{LEDGER, Place, Running, eventually};

/// A demo that runs, its plans, and the tree of its first request, which is completed.
fn with_completed(place: &Place) -> (Running, Vec<Value>, String) {
    let (demo, plans) = waiting(place);
    let (plan, tree) = plan_of(&plans, 1);
    answer(place, "approve", &plan);
    eventually("the first request is completed", || {
        let trace = place.on_ledger(&["trace", &tree, "--format", "json"]).done();
        trace.out.contains("ExecutionRecorded").then_some(())
    });
    (demo, plans, tree)
}

#[test]
fn a_completed_tree_is_undone_by_the_process_that_has_the_tools() {
    let place = Place::new();
    let (demo, plans, tree) = with_completed(&place);
    assert!(place.exists("demo/work/summary.md"));
    let planned = place.on_ledger(&["rollback", "plan", &tree]).done().json();
    assert_eq!(planned["undos"][0]["tool"], "fs.create");
    assert!(place.exists("demo/work/summary.md"));
    let undone = place.on_ledger(&["rollback", "run", &tree]).done().json();
    assert_eq!(undone["state"], "undone");
    assert!(!place.exists("demo/work/summary.md"));
    for number in [4, 5] {
        answer(&place, "deny", &plan_of(&plans, number).0);
    }
    let report = demo.end().done().json();
    assert_eq!(report["requests"][0]["outcome"], "rolled_back");
    assert_eq!(report["verified"], true);
}

#[test]
fn without_a_process_that_has_the_tools_it_says_so() {
    let place = Place::new();
    let report = place.run(&["demo", "--out", "demo", "--json"]).done().json();
    let tree = report["requests"][0]["correlation"].as_str().unwrap();
    place
        .on_ledger(&["rollback", "run", tree, "--wait", "0"])
        .refused(1, &["not all of it is undone", "fs.create", "the fence stays"]);
    assert!(place.exists("demo/work/summary.md"));
}

#[test]
fn what_changed_nothing_has_nothing_to_undo() {
    let place = Place::new();
    let report = place.run(&["demo", "--out", "demo", "--json"]).done().json();
    let tree = report["requests"][1]["correlation"].as_str().unwrap();
    let planned = place.on_ledger(&["rollback", "plan", tree]).done().json();
    assert_eq!(planned["undos"].as_array().unwrap().len(), 0);
}

/// A folder stands where the file was, so that no undo can remove it.
#[test]
fn what_cannot_be_undone_is_decided_by_an_operator_and_the_rollback_closes() {
    let place = Place::new();
    let (demo, plans, tree) = with_completed(&place);
    let none = place.run(&["rollback", "quarantined", "--ledger", LEDGER]).done().out;
    assert_eq!(none, "nothing waits for a person\n");
    let file = place.path("demo/work/summary.md");
    std::fs::remove_file(&file).unwrap();
    std::fs::create_dir_all(file.join("in the way")).unwrap();
    let stuck = place.run(&["rollback", "run", &tree, "--ledger", LEDGER]);
    assert_eq!(stuck.code, Some(1), "{stuck:?}");
    assert!(
        stuck.out.contains(": stuck") && stuck.out.contains("rollback quarantined"),
        "{stuck:?}"
    );
    let waits = place.on_ledger(&["rollback", "quarantined"]).done().json();
    assert_eq!(
        (&waits["tool"], &waits["correlation"]),
        (&"fs.create".into(), &tree.as_str().into())
    );
    let id = waits["id"].as_str().unwrap();
    let people = place.run(&["rollback", "quarantined", "--ledger", LEDGER]).done().out;
    assert!(people.contains(id) && people.contains("summary.md"), "{people}");

    let key = "demo/demo-approver.key";
    place
        .on_ledger(&["rollback", "resolve", "00-7", "--as", "undone", "--key", key])
        .refused(1, &["no effect in quarantine is 00-7", "rollback quarantined"]);
    place.run(&["demo", "--out", "other", "--json"]).done();
    let resolve = ["rollback", "resolve", &id[..20], "--as", "undone", "--key"];
    place
        .on_ledger(&[&resolve[..], &["other/demo-approver.key"]].concat())
        .refused(1, &["sign with the key"]);
    std::fs::remove_dir_all(&file).unwrap();
    let resolved = place.on_ledger(&[&resolve[..], &[key]].concat()).done().json();
    assert_eq!((&resolved["state"], &resolved["fence"]), (&"undone".into(), &"open".into()));
    eventually("the rollback closes", || {
        let undone = place.on_ledger(&["rollback", "run", &tree]).done().json();
        (undone["state"] == "undone").then_some(())
    });
    place
        .on_ledger(&["rollback", "resolve", id, "--as", "accepted", "--key", key])
        .refused(1, &["decided before", "undone by hand by demo-approver"]);
    let trace = place.run(&["trace", &tree, "--ledger", LEDGER]).done().out;
    assert!(trace.contains("· fs.create undone by hand"), "{trace}");
    for number in [4, 5] {
        answer(&place, "deny", &plan_of(&plans, number).0);
    }
    let report = demo.end().done().json();
    assert_eq!(report["requests"][0]["outcome"], "rolled_back");
    assert_eq!(report["verified"], true);
    let stamps = place.on_ledger(&["audit", "show", "--correlation", &tree]).done().json_lines();
    assert_eq!(stamps.iter().filter(|stamp| stamp["kind"] == "resolved").count(), 1);
}

#[test]
fn only_an_operator_may_resolve() {
    let place = Place::new();
    let report = place.run(&["demo", "--out", "demo", "--json"]).done().json();
    let tree = report["requests"][0]["correlation"].as_str().unwrap();
    let stamps = place.on_ledger(&["audit", "show", "--correlation", tree]).done().json_lines();
    let intended = stamps.iter().find(|stamp| stamp["kind"] == "intended").unwrap();
    let effect = format!("{}-0", intended["execution"].as_str().unwrap());
    let resolve =
        ["rollback", "resolve", &effect, "--as", "accepted", "--key", "demo/demo-approver.key"];
    place.on_ledger(&resolve).refused(1, &["not in quarantine"]);
    place.edit("demo/contracts/principals.yaml", "[approver, operator]", "[approver]");
    place.on_ledger(&resolve).refused(1, &["does not hold the role operator", "roles include"]);
}
