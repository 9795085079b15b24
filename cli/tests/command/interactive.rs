//! `wingman demo --interactive`: a person types, ahead or not at all.

use std::process::Command;

use crate::process::{LEDGER, Place};

#[test]
fn answers_typed_ahead_are_taken_one_a_plan() {
    let place = Place::new();
    let mut demo = place.start(&["demo", "--out", "demo", "--interactive", "--json"]);
    demo.type_in("YES\nYES\nYES\n");
    let report = demo.end().done().json();
    let outcome = |number: usize| report["requests"][number - 1]["outcome"].clone();
    assert_eq!([outcome(1), outcome(4), outcome(5)], ["completed", "completed", "rolled_back"]);
    assert_eq!(report["verified"], true);
}

#[test]
fn only_the_exact_text_approves() {
    let place = Place::new();
    let mut demo = place.start(&["demo", "--out", "demo", "--interactive", "--json"]);
    demo.type_in("yes\nYES please\n YES\n");
    let report = demo.end().done().json();
    for number in [1, 4, 5] {
        assert_eq!(report["requests"][number - 1]["outcome"], "blocked");
    }
    assert!(!place.exists("demo/work/summary.md"));
}

#[cfg(unix)]
#[test]
fn an_interrupt_ends_it_and_the_ledger_stays_sound() {
    let place = Place::new();
    let mut demo = place.start(&["demo", "--out", "demo", "--interactive"]);
    demo.wait_for("Answer YES");
    let id = demo.id().to_string();
    assert!(Command::new("kill").args(["-INT", &id]).status().unwrap().success());
    demo.end().refused(1, &["interrupted", "--out demo"]);
    place.run(&["audit", "verify", "--ledger", LEDGER]).done();
    let report = place.run(&["demo", "--out", "demo", "--json"]).done().json();
    assert_eq!(report["verified"], true);
}
