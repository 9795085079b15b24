//! `wingman trace` in its three formats.

use std::collections::BTreeSet;

use crate::process::{LEDGER, Place};

/// A place where the demo ran, and the tree of its fifth request.
fn rolled_back() -> (Place, String) {
    let place = Place::new();
    let report = place.run(&["demo", "--out", "demo", "--json"]).done().json();
    let tree = report["requests"][4]["correlation"].as_str().unwrap().to_owned();
    (place, tree)
}

#[test]
fn a_tree_is_told_as_text_and_as_json() {
    let (place, tree) = rolled_back();
    let text = place.run(&["trace", &tree, "--ledger", LEDGER]).done().out;
    let lines: Vec<&str> = text.lines().collect();
    assert_eq!(lines[..2], ["UserRequestReceived", "  └ scope-filter finished"]);
    for part in ["tool-executor finished", "· fs.write undone", "· notify.send not done"] {
        assert!(text.contains(part), "{part:?} is not in:\n{text}");
    }
    let json = place.on_ledger(&["trace", &tree, "--format", "json"]).done().json();
    assert_eq!(json["correlation"], tree.as_str());
    assert_eq!(json["roots"][0]["event_type"], "UserRequestReceived");
    assert_eq!(json["roots"][0]["executions"][0]["handler"], "scope-filter");
}

/// Each line defines a node once or joins two that are defined.
#[test]
fn the_flow_chart_is_well_formed() {
    let (place, tree) = rolled_back();
    let chart = place.run(&["trace", &tree, "--ledger", LEDGER, "--format", "mermaid"]).done().out;
    let mut lines = chart.lines();
    assert_eq!(lines.next(), Some("flowchart TD"));
    let (mut nodes, mut ends) = (BTreeSet::new(), BTreeSet::new());
    for line in lines {
        let line = line.trim();
        if let Some((from, to)) = line.split_once(" --> ") {
            ends.extend([from, to]);
            continue;
        }
        let at = line.find(['(', '[']).unwrap_or_else(|| panic!("{line}"));
        assert!(line.ends_with("])") || line.ends_with("\"]"), "{line}");
        assert!(nodes.insert(&line[..at]), "defined twice: {line}");
    }
    assert_eq!(ends, nodes);
    assert!(nodes.len() > 10);
}

#[test]
fn an_unknown_tree_is_an_error_with_a_remedy() {
    let (place, _) = rolled_back();
    for command in [&["trace", "nobody"][..], &["rollback", "plan", "nobody"]] {
        place.on_ledger(command).refused(1, &["knows no tree nobody", "wingman audit show"]);
    }
}
