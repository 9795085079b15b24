//! `wingman check` without a broker outside.

use serde_json::Value;

use crate::process::Place;

#[test]
fn memory_passes_and_the_report_says_the_same_as_json() {
    let place = Place::new();
    let check = ["check", "memory://", "--patience", "10", "--report", "check.json"];
    let ended = place.run(&check).done();
    let report: Value = serde_json::from_str(&place.read("check.json")).unwrap();
    assert_eq!(report["product"]["name"], "memory");
    assert_eq!((&report["passed"], &report["interrupted"]), (&true.into(), &false.into()));
    let guarantees = report["guarantees"].as_array().unwrap();
    let ids: Vec<_> = guarantees.iter().map(|it| it["id"].as_str().unwrap()).collect();
    assert_eq!(ids, ["T1", "T2", "T3", "T4", "T5", "T6", "contract"]);
    for guarantee in guarantees {
        let (id, passed) = (guarantee["id"].as_str().unwrap(), &guarantee["passed"]);
        let is_said = |line: &str| {
            line.trim_start().starts_with(id) && line.contains(&format!("{passed} passed"))
        };
        assert!(ended.out.lines().any(is_said), "{guarantee} is not in:\n{}", ended.out);
    }
    assert!(ended.out.contains("6 cases not run: needs control of the broker"), "{ended:?}");
    assert!(ended.err.contains("wrote check.json"), "{ended:?}");
    // What cases provoke is not shown as a warning.
    assert!(!ended.err.contains("warning"), "{ended:?}");
}

#[test]
fn interrupted_it_says_what_did_not_run_and_passes_nothing_for_it() {
    let place = Place::new();
    let mut check = place.start(&["check", "memory://", "--cases"]);
    check.wait_for_output("pass");
    check.signal("TERM");
    let ended = check.end().refused(1, &["removing what was made", "interrupted; what"]);
    assert!(ended.out.contains("cases not run: the check was interrupted"), "{ended:?}");
    assert!(!ended.out.contains("fails: "), "{ended:?}");
}

#[test]
fn what_makes_no_sense_is_refused_before_anything_runs() {
    let place = Place::new();
    let run = |more: &[&str]| place.run(&[&["check"], more].concat());
    run(&["memory://", "--report", "check.txt"]).refused(2, &["check.txt", "check.html"]);
    run(&["memory://", "--topic", "orders"]).refused(2, &["--read-only"]);
    run(&["memory://", "--read-only", "--report", "x.json"]).refused(2, &["cannot be used with"]);
    run(&["memory://", "--patience", "0"]).refused(2, &["1..=600"]);
    run(&["reddis://localhost"]).refused(2, &["did you mean redis://?"]);
    assert!(!place.exists("check.txt") && !place.exists("x.json"));
}

#[test]
fn a_broker_that_is_down_is_named_and_nothing_is_certified() {
    for url in ["redis://127.0.0.1:1", "amqp://127.0.0.1:1"] {
        let ended = Place::new().run(&["check", url]);
        // Without its feature the scheme is refused instead.
        assert!(matches!(ended.code, Some(1 | 2)), "{ended:?}");
        assert!(!ended.out.contains("Guarantees"), "{ended:?}");
    }
}
