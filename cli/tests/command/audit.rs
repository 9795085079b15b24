//! `wingman audit` on a sound ledger, and on none.

use crate::process::{LEDGER, Place};

#[test]
fn a_sound_ledger_verifies_also_against_an_older_checkpoint() {
    let place = Place::with_demo();
    std::fs::copy(place.path("demo/ledger.db.checkpoint.txt"), place.path("kept.txt")).unwrap();
    place.run(&["demo", "--out", "demo"]).done();
    let verify = ["audit", "verify", "--ledger", LEDGER, "--checkpoint", "kept.txt"];
    let ended = place.run(&verify).done();
    assert!(ended.out.contains("signature, tree"), "{ended:?}");
    let found = place.on_ledger(&["audit", "verify"]).done().json();
    assert_eq!(found["uncovered"], 0);
    assert_eq!(found["problems"].as_array().unwrap().len(), 0);
}

#[test]
fn stamps_are_shown_in_order_and_by_tree() {
    let place = Place::with_demo();
    let all = place.on_ledger(&["audit", "show"]).done().json_lines();
    let indexes: Vec<u64> = all.iter().map(|stamp| stamp["index"].as_u64().unwrap()).collect();
    assert_eq!(indexes, (0..all.len() as u64).collect::<Vec<_>>());
    let tree = all.iter().find_map(|stamp| stamp["tree"].as_str()).unwrap();
    let some = place.on_ledger(&["audit", "show", "--correlation", tree]).done().json_lines();
    assert!(!some.is_empty() && some.len() < all.len());
    assert!(some.iter().all(|stamp| stamp["tree"] == tree));
}

#[test]
fn what_is_no_ledger_is_an_error_with_a_remedy() {
    let place = Place::new();
    for command in [&["audit", "verify"][..], &["audit", "show"], &["trace", "x"], &["halt"]] {
        place.on_ledger(command).refused(1, &["there is no ledger at ", "demo/ledger.db: "]);
    }
    let url = "postgres://user:secret@host/db";
    let ended = place.run(&["audit", "verify", "--ledger", url]).refused(2, &["not supported yet"]);
    assert!(!ended.err.contains("secret"), "{ended:?}");
    std::fs::write(place.path("text.db"), "this is no database, whatever its name says\n").unwrap();
    place
        .run(&["audit", "verify", "--ledger", "sqlite://text.db"])
        .refused(1, &["is not a database"]);
    assert!(!place.exists("demo"));
}

#[test]
fn a_checkpoint_that_is_none_is_an_error() {
    let place = Place::with_demo();
    let verify = ["audit", "verify", "--ledger", LEDGER, "--checkpoint"];
    place.run(&[&verify[..], &["none.txt"]].concat()).refused(1, &["none.txt", "correct the path"]);
}
