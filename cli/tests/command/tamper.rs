//! `wingman audit verify` on a ledger that somebody changed: exit code 1, and what does not hold. Nor is
//! anything proposed from it.

use rusqlite::Connection;

use crate::process::{Ended, LEDGER, Place};

/// Files that make up the ledger.
const FILES: [&str; 3] = ["ledger.db", "ledger.db-wal", "ledger.db-shm"];

fn verify(place: &Place, more: &[&str]) -> Ended {
    place.run(&[&["audit", "verify", "--ledger", LEDGER], more].concat())
}

#[test]
fn one_flipped_byte_in_a_stamp_is_found() {
    let place = Place::with_demo();
    verify(&place, &[]).done();
    let database = Connection::open(place.path("demo/ledger.db")).unwrap();
    let read = |row: &rusqlite::Row<'_>| row.get::<_, Vec<u8>>(0);
    let mut bytes =
        database.query_row("SELECT bytes FROM stamps WHERE number = 20", [], read).unwrap();
    *bytes.last_mut().unwrap() ^= 1;
    database.execute("UPDATE stamps SET bytes = ?1 WHERE number = 20", [bytes]).unwrap();
    drop(database);
    let ended = verify(&place, &[]);
    assert_eq!(ended.code, Some(1), "{ended:?}");
    assert!(ended.out.contains("BROKEN: tree, tiles"), "{ended:?}");
}

#[test]
fn a_ledger_that_was_set_back_fails_against_the_newer_checkpoint() {
    let place = Place::with_demo();
    std::fs::create_dir(place.path("old")).unwrap();
    let copy = |from: &str, to: &str| {
        for name in FILES {
            let (from, to) = (format!("{from}/{name}"), format!("{to}/{name}"));
            if place.exists(&from) {
                std::fs::copy(place.path(&from), place.path(&to)).unwrap();
            } else if place.exists(&to) {
                std::fs::remove_file(place.path(&to)).unwrap();
            }
        }
    };
    copy("demo", "old");
    std::fs::copy(place.path("demo/ledger.db.checkpoint.txt"), place.path("old.txt")).unwrap();
    place.run(&["demo", "--out", "demo"]).done();
    std::fs::copy(place.path("demo/ledger.db.checkpoint.txt"), place.path("kept.txt")).unwrap();
    copy("old", "demo");
    let ended = verify(&place, &["--checkpoint", "kept.txt"]);
    assert_eq!(ended.code, Some(1), "{ended:?}");
    assert!(ended.out.contains("BROKEN: rollback"), "{ended:?}");
    // With its file set back, too, it is sound by itself; who kept a checkpoint has nothing proposed from it.
    std::fs::copy(place.path("old.txt"), place.path("demo/ledger.db.checkpoint.txt")).unwrap();
    let propose = ["contracts", "propose", "--ledger", LEDGER];
    place.run(&propose).done();
    let kept = [&propose[..], &["--checkpoint", "kept.txt"]].concat();
    place.run(&kept).refused(1, &["does not verify", "BROKEN: rollback"]);
}

/// The attack: who can write to the file says that a handler deleted, and has it granted.
#[test]
fn a_grant_that_was_written_into_the_log_is_not_proposed() {
    let place = Place::with_demo();
    let propose = ["contracts", "propose", "--ledger", LEDGER, "--out", "proposed.yaml"];
    place.run(&propose).done();
    let before = place.read("proposed.yaml");
    assert!(before.contains("\"notify.send\": write"), "{before}");
    std::fs::remove_file(place.path("proposed.yaml")).unwrap();
    let database = Connection::open(place.path("demo/ledger.db")).unwrap();
    let mut like = database
        .prepare(
            "SELECT number, bytes FROM stamps WHERE CAST(bytes AS TEXT) LIKE '%tool notify.send%'",
        )
        .unwrap();
    let read = |row: &rusqlite::Row<'_>| Ok((row.get::<_, i64>(0)?, row.get::<_, Vec<u8>>(1)?));
    let stamps: Vec<_> = like.query_map([], read).unwrap().map(Result::unwrap).collect();
    assert!(!stamps.is_empty());
    for (number, bytes) in stamps {
        let text = String::from_utf8(bytes).unwrap().replace("\nlevel write", "\nlevel admin");
        let update = "UPDATE stamps SET bytes = ?1 WHERE number = ?2";
        database.execute(update, rusqlite::params![text.into_bytes(), number]).unwrap();
    }
    drop(like);
    drop(database);
    let ended = place.run(&propose).refused(1, &["does not verify", "BROKEN: tree, tiles"]);
    assert!(ended.out.is_empty() && !place.exists("proposed.yaml"), "{ended:?}");
}
