//! `wingman rollback` from another process: the one that has the tools does the work.

use crate::control::{answer, plan_of, waiting};
use crate::process::{Place, eventually};

#[test]
fn a_completed_tree_is_undone_by_the_process_that_has_the_tools() {
    let place = Place::new();
    let (demo, plans) = waiting(&place);
    let (plan, tree) = plan_of(&plans, 1);
    answer(&place, "approve", &plan);
    eventually("the first request is completed", || {
        let trace = place.on_ledger(&["trace", &tree, "--format", "json"]).done();
        trace.out.contains("ExecutionRecorded").then_some(())
    });
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
