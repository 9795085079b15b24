//! Progress is for people at a terminal: there it shows, and nowhere else.

use std::process::Command;

use crate::process::{LEDGER, Place};

/// A place where the demo ran, and the tree of its first request.
fn with_tree() -> (Place, String) {
    let place = Place::new();
    let report = place.run(&["demo", "--out", "demo", "--json"]).done().json();
    let tree = report["requests"][0]["correlation"].as_str().unwrap().to_owned();
    (place, tree)
}

/// What a command writes to a terminal that is its standard error.
fn at_terminal(place: &Place, arguments: &[&str]) -> String {
    let command = format!("{} {} > out.txt", env!("CARGO_BIN_EXE_wingman"), arguments.join(" "));
    let ended = Command::new("script")
        .args(["--quiet", "--return", "--command", &command, "/dev/null"])
        .current_dir(place.path("."))
        .env("TERM", "xterm")
        .output()
        .expect("script is part of util-linux");
    String::from_utf8_lossy(&ended.stdout).into_owned()
}

/// No process has the tools, so the command waits for as long as it may.
#[test]
fn waiting_for_a_rollback_shows_at_a_terminal_how_far_it_is() {
    let (place, tree) = with_tree();
    let run = ["rollback", "run", &tree, "--ledger", LEDGER, "--wait", "1"];
    let shown = at_terminal(&place, &run);
    assert!(shown.contains("undoing") && shown.contains("0 of 1 effects"), "{shown:?}");
    // It is wiped out before the message that stays.
    let (_, after) = shown.rsplit_once("effects").unwrap();
    let (wiped, message) = after.split_once("error: ").unwrap();
    assert!(wiped.contains("\u{1b}[2K"), "{wiped:?}");
    assert!(message.contains("the tools fs.create"), "{message:?}");
}

#[test]
fn beside_json_and_in_pipes_there_is_none() {
    let (place, tree) = with_tree();
    let run = ["rollback", "run", &tree, "--ledger", LEDGER, "--wait", "1"];
    let shown = at_terminal(&place, &[&run[..], &["--json"]].concat());
    assert!(shown.starts_with("error: the tree is fenced"), "{shown:?}");
    let piped = place.run(&run).refused(1, &[]);
    assert!(piped.err.starts_with("error: the tree is fenced"), "{piped:?}");
    assert!(!piped.err.contains('\u{1b}'), "{piped:?}");
}
