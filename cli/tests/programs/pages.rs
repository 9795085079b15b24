//! Pages of the demos and of `trace`: everything that the JSON has is on the page as a browser shows it.

use std::path::PathBuf;

use serde_json::Value;

use crate::browser::{DESKTOP, PHONE, Seen, View, look};
use crate::process::{LEDGER, Place};

/// A demo that ran, and the traces of its requests.
struct Demo {
    place: Place,
    traces: Vec<Value>,
}

impl Demo {
    fn run(options: &[&str]) -> Self {
        let place = Place::new();
        let report =
            place.run(&[&["demo", "--out", "demo", "--json"], options].concat()).done().json();
        assert_eq!(report["page"], "demo/demo.html");
        let trace = |request: &Value| {
            let tree = request["correlation"].as_str().unwrap();
            place.on_ledger(&["trace", tree, "--format", "json"]).done().json()
        };
        let traces = report["requests"].as_array().unwrap().iter().map(trace).collect();
        Self { place, traces }
    }

    fn page(&self) -> PathBuf {
        self.place.path("demo/demo.html")
    }
}

/// The page of one tree, written by `trace`.
pub(crate) fn page_of(place: &Place, tree: &str) -> PathBuf {
    let written = ["trace", tree, "--ledger", LEDGER, "--format", "html", "--out", "page.html"];
    let ended = place.run(&written).done();
    assert_eq!((ended.out.as_str(), ended.err.as_str()), ("", "wrote page.html\n"));
    place.path("page.html")
}

/// A node that the page owes: kind, anchor, name, and the words that its line or notes must have.
#[derive(Debug, PartialEq, Eq, PartialOrd, Ord)]
struct Owed {
    kind: &'static str,
    id: String,
    name: String,
    words: Vec<String>,
}

fn text(value: &Value) -> String {
    value.as_str().unwrap_or_else(|| panic!("no text: {value}")).to_owned()
}

fn each(value: &Value) -> &[Value] {
    value.as_array().map_or(&[], Vec::as_slice)
}

/// What the events of a trace owe, with all that followed.
fn owed(events: &Value, found: &mut Vec<Owed>) {
    for event in each(events) {
        let mut words = Vec::new();
        if let (Some(code), Some(reason)) =
            (event["data"]["code"].as_str(), event["data"]["reason"].as_str())
        {
            words.extend([code.to_owned(), reason.to_owned()]);
        }
        let id = format!("e{}", &text(&event["key"])[8..24]);
        found.push(Owed { kind: "event", id, name: text(&event["event_type"]), words });
        for execution in each(&event["executions"]) {
            let mut words = vec![match text(&execution["phase"]["phase"]).as_str() {
                "refused" => format!("refused {}", text(&execution["phase"]["code"])),
                "dead_lettered" => format!("dead letter: {}", text(&execution["phase"]["reason"])),
                phase => phase.to_owned(),
            }];
            for what in each(&execution["would_refuse"]) {
                words.push(format!(
                    "would refuse {} {}",
                    text(&what["code"]),
                    text(&what["detail"])
                ));
            }
            words.extend(execution["refusal"].as_str().map(|why| format!("because {why}")));
            let uncertainty = &execution["coherence"]["uncertainty"];
            words.extend(uncertainty["why"].as_str().map(str::to_owned));
            for failure in each(&execution["failures"]) {
                words.push(format!(
                    "attempt {} failed {}",
                    failure["attempt"],
                    text(&failure["reason"])
                ));
            }
            for wait in each(&execution["waits"]) {
                words.push(format!("parked for {} {} ms", text(&wait["reason"]), wait["millis"]));
            }
            for effect in each(&execution["effects"]) {
                let state = match text(&effect["state"]["state"]).as_str() {
                    "compensated" => "undone",
                    "void" => "not done",
                    "applied" => "applied",
                    other => panic!("a demo leaves no effect {other}"),
                };
                words.push(format!("{state} {}", text(&effect["tool"])));
            }
            let id = format!("x{}", &text(&execution["id"])[8..24]);
            found.push(Owed { kind: "execution", id, name: text(&execution["handler"]), words });
            owed(&execution["emitted"], found);
        }
    }
}

/// Every node of these traces is on the page, once, with its stamp and its words; and no other is.
#[track_caller]
fn expect_nodes(seen: &Seen, traces: &[Value]) {
    let mut nodes = Vec::new();
    traces.iter().for_each(|trace| owed(&trace["roots"], &mut nodes));
    nodes.sort();
    let mut shown: Vec<&Value> = seen.nodes().iter().collect();
    shown.sort_by_key(|it| (text(&it["kind"]), text(&it["id"])));
    assert_eq!(shown.len(), nodes.len());
    for (owed, shown) in nodes.iter().zip(shown) {
        assert_eq!((owed.kind, &owed.id), (shown["kind"].as_str().unwrap(), &text(&shown["id"])));
        assert_eq!(owed.name, text(&shown["name"]));
        let said = format!("{} {}", shown["badge"], shown["notes"]).replace('\\', "");
        for word in &owed.words {
            assert!(said.contains(word.as_str()), "{word:?} of {owed:?} is not in {shown}");
        }
        let leaf = text(&shown["leaf"]);
        let (_, digest) = leaf.rsplit_once(' ').unwrap();
        assert!(digest.len() == 8 && digest.bytes().all(|it| it.is_ascii_hexdigit()), "{leaf}");
        assert_eq!(shown["isShown"], true);
    }
}

#[test]
fn the_page_of_the_agent_loop_has_every_node_of_every_request() {
    let demo = Demo::run(&[]);
    let seen = look(&demo.page(), DESKTOP).well();
    expect_nodes(&seen, &demo.traces);
    let headings = seen.page["headings"].to_string();
    for part in ["The agent-loop demo", "#1 write summary.md", "#5 reprice and notify", "Evidence"]
    {
        assert!(headings.contains(part), "{part:?} is not in {headings}");
    }
    // Two effects were undone, and the time line shows when.
    let undone = each(&seen.page["bars"]).iter().flat_map(each).filter(|bar| **bar == "undone");
    assert_eq!(undone.count(), 2);
    assert_eq!((&seen.page["areToolsShown"], &seen.page["folded"]), (&true.into(), &0.into()));
}

#[test]
fn what_observe_would_refuse_is_marked_with_its_code() {
    let demo = Demo::run(&["--mode", "observe"]);
    let seen = look(&demo.page(), DESKTOP).well();
    expect_nodes(&seen, &demo.traces);
    let notes = seen.page["nodes"].to_string();
    assert!(notes.contains("would refuse P-02 fs.remove needs delete, has write"), "{notes}");
}

#[test]
fn forks_failures_and_quarantine_of_the_publishing_workflow_are_there() {
    let demo = Demo::run(&["--scenario", "publishing"]);
    let seen = look(&demo.page(), PHONE).well();
    expect_nodes(&seen, &demo.traces);
    let lost = seen.nodes().iter().filter(|it| it["badge"] == "dead letter: exhausted");
    assert_eq!(lost.count(), 1);
}

#[test]
fn one_tree_has_a_page_of_its_own_with_the_stamps_of_the_log() {
    let demo = Demo::run(&[]);
    let tree = text(&demo.traces[4]["correlation"]);
    let page = page_of(&demo.place, &tree);
    let seen = look(&page, DESKTOP).well();
    expect_nodes(&seen, &demo.traces[4..]);
    let stamps = demo.place.on_ledger(&["audit", "show", "--correlation", &tree]).done();
    let mut kinds: Vec<String> = stamps.json_lines().iter().map(|it| text(&it["kind"])).collect();
    let mut shown: Vec<String> =
        seen.nodes().iter().flat_map(|it| each(&it["kinds"])).map(text).collect();
    kinds.sort();
    shown.sort();
    // Those of the tree as a whole stand below it.
    kinds.retain(|kind| kind != "tree_closed" || shown.contains(kind));
    assert_eq!(shown, kinds);
    // Without --out the same goes to standard output.
    let printed = demo.place.run(&["trace", &tree, "--ledger", LEDGER, "--format", "html"]).done();
    assert_eq!(printed.out.trim_end(), std::fs::read_to_string(page).unwrap());
}

#[test]
fn a_phone_shows_it_without_scrolling_sideways_in_both_schemes() {
    let demo = Demo::run(&[]);
    let light = look(&demo.page(), PHONE).well();
    let dark = look(&demo.page(), View { is_dark: true, ..PHONE }).well();
    assert_eq!(light.page["width"], 360);
    for of in ["background", "color"] {
        assert_ne!(light.page[of], dark.page[of], "{of}");
    }
    expect_nodes(&dark, &demo.traces);
}

#[test]
fn with_scripts_turned_off_the_whole_page_is_there() {
    let demo = Demo::run(&[]);
    let seen = look(&demo.page(), View { has_scripts: false, ..DESKTOP });
    expect_nodes(&seen, &demo.traces);
    assert_eq!(seen.page["areToolsShown"], false, "buttons that do nothing are shown");
}

#[test]
fn out_is_for_pages_only() {
    let place = Place::with_demo();
    let ended = place.run(&["trace", "any", "--ledger", LEDGER, "--out", "page.html"]);
    ended.refused(2, &["--out takes a page", "add --format html"]);
    assert!(!place.exists("page.html"));
}
