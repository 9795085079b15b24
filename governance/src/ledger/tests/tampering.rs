//! Every way of changing the log that G2 names is found, and by which check.

use std::path::PathBuf;

use super::{Place, handle, handle_one, intend, join, start, tamper};
use crate::audit::{Checkpoint, Frontier, SigningKey};
use crate::ledger::{Check, Ledger, LedgerErrorKind, Verification, verify};

/// A closed ledger with enough stamps for two tiles, some of them under an older checkpoint that
/// somebody kept.
async fn ledger(place: &Place) -> PathBuf {
    let ledger = place.open().await;
    let claim = join(&ledger).await;
    handle(place, &ledger, claim, 20).await;
    ledger.checkpoint_now().await.unwrap();
    let kept = place.file("kept elsewhere.txt");
    std::fs::copy(ledger.checkpoint_file(), &kept).unwrap();
    handle(place, &ledger, claim, 80).await;
    let run = start(&ledger, claim, &place.order()).await;
    super::ask(&ledger, intend(run.run, 0)).await;
    ledger.close().await.unwrap();
    kept
}

fn check(place: &Place, kept: &std::path::Path) -> Verification {
    verify(&place.url(), Some(kept)).unwrap()
}

/// Changes the database and returns what a verification says.
async fn after(sql: &str) -> Verification {
    let place = Place::new();
    let kept = ledger(&place).await;
    tamper(&place.database()).execute_batch(sql).unwrap();
    check(&place, &kept)
}

fn broken(found: &Verification) -> Vec<Check> {
    Check::ALL.into_iter().filter(|check| !found.holds(*check)).collect()
}

#[tokio::test]
async fn an_untouched_ledger_is_sound() {
    let place = Place::new();
    let kept = ledger(&place).await;
    let found = check(&place, &kept);
    assert!(found.is_sound(), "{found}");
    assert!(found.stamps > 300, "{found}");
    assert_eq!((found.covered, found.uncovered), (found.stamps, 0));
    assert_eq!(found.events_stamped, 201);
    assert!(found.to_string().ends_with("order, columns, story ok"), "{found}");
}

#[tokio::test]
async fn one_changed_byte_in_any_stamp_shows() {
    let place = Place::new();
    let kept = ledger(&place).await;
    let database = tamper(&place.database());
    let stamps = check(&place, &kept).stamps;
    for number in (0..stamps).step_by(13).chain([stamps - 1]) {
        let read = "SELECT bytes FROM stamps WHERE number = ?1";
        let bytes: Vec<u8> = database.query_row(read, [number as i64], |row| row.get(0)).unwrap();
        let mut changed = bytes.clone();
        changed[(number as usize * 31) % bytes.len()] ^= 1;
        let write = "UPDATE stamps SET bytes = ?2 WHERE number = ?1";
        database.execute(write, (number as i64, changed)).unwrap();
        let found = check(&place, &kept);
        assert!(!found.holds(Check::Tree) && !found.holds(Check::Tiles), "{number}: {found}");
        database.execute(write, (number as i64, bytes)).unwrap();
    }
    assert!(check(&place, &kept).is_sound());
}

#[tokio::test]
async fn deleting_the_last_stamp_shows() {
    let found = after("DELETE FROM stamps WHERE number = (SELECT max(number) FROM stamps)").await;
    assert_eq!(
        broken(&found),
        [Check::Tree, Check::Rollback, Check::Tiles, Check::Story],
        "{found}"
    );
}

#[tokio::test]
async fn deleting_a_stamp_in_the_middle_shows() {
    let found = after("DELETE FROM stamps WHERE number = 30").await;
    assert!(!found.holds(Check::Order) && !found.holds(Check::Tree), "{found}");
    assert!(found.problems.len() <= 70, "{found}");
}

#[tokio::test]
async fn swapping_two_stamps_shows() {
    let found = after(
        "UPDATE stamps SET number = -1 WHERE number = 10;
         UPDATE stamps SET number = 10 WHERE number = 11;
         UPDATE stamps SET number = 11 WHERE number = -1",
    )
    .await;
    assert!(!found.holds(Check::Tree) && !found.holds(Check::Tiles), "{found}");
}

#[tokio::test]
async fn a_replaced_tile_shows_and_only_the_tile() {
    let found = after(
        "UPDATE tiles SET hashes = zeroblob(length(hashes))
         WHERE (level, number, start) = (SELECT level, number, max(start) FROM tiles WHERE level = 0)",
    )
    .await;
    assert_eq!(broken(&found), [Check::Tiles], "{found}");
    let found = after("UPDATE tiles SET hashes = zeroblob(32) WHERE level = 1").await;
    assert_eq!(broken(&found), [Check::Tiles], "{found}");
}

#[tokio::test]
async fn a_forged_checkpoint_shows() {
    let found = after("UPDATE checkpoints SET note = replace(note, 'wingman', 'wingmen')").await;
    assert_eq!(broken(&found), [Check::Signature], "{found}");
    // Another key, signed soundly.
    let place = Place::new();
    let kept = ledger(&place).await;
    let name = crate::ledger::Reader::open(&place.url()).unwrap().id().origin();
    let forger = SigningKey::generate(name.parse().unwrap()).unwrap();
    let head = Checkpoint::of(name.parse().unwrap(), &Frontier::new());
    let note = head.sign(&forger).unwrap();
    std::fs::write(&kept, note).unwrap();
    assert_eq!(broken(&check(&place, &kept)), [Check::Signature]);
}

#[tokio::test]
async fn a_changed_row_tells_another_story() {
    let found =
        after("UPDATE executions SET body = replace(body, '\"finished\"', '\"expired\"')").await;
    assert_eq!(broken(&found), [Check::Story], "{found}");
    let found = after("DELETE FROM executions WHERE number = 5").await;
    assert_eq!(broken(&found), [Check::Story], "{found}");
    let found = after("UPDATE outbox SET body = replace(body, 'unpublished', 'published')").await;
    assert_eq!(broken(&found), [Check::Story], "{found}");
    let found = after("DELETE FROM effects").await;
    assert_eq!(broken(&found), [Check::Story], "{found}");
    let found = after("UPDATE stamps SET kind = 'late' WHERE number = 7").await;
    assert!(!found.holds(Check::Columns), "{found}");
}

#[tokio::test]
async fn an_older_copy_of_the_whole_ledger_shows_and_is_not_signed() {
    let place = Place::new();
    let ledger = place.open().await;
    let claim = join(&ledger).await;
    handle_one(&place, &ledger, claim).await;
    ledger.close().await.unwrap();
    let older = place.file("older.db");
    std::fs::copy(place.database(), &older).unwrap();
    let ledger = place.open().await;
    let claim = join(&ledger).await;
    handle_one(&place, &ledger, claim).await;
    ledger.close().await.unwrap();
    let kept = place.file("kept.txt");
    let beside = ledger.checkpoint_file().to_owned();
    std::fs::copy(&beside, &kept).unwrap();
    drop(ledger);
    std::fs::copy(&older, place.database()).unwrap();

    let error = Ledger::open(&place.url(), place.options()).await.unwrap_err();
    assert_eq!(error.kind(), LedgerErrorKind::Corrupt);
    assert!(error.to_string().contains("rolled back"), "{error}");
    // Even without the file beside it, the one that was kept shows it.
    std::fs::remove_file(beside).unwrap();
    assert_eq!(broken(&check(&place, &kept)), [Check::Rollback]);
}

#[tokio::test]
async fn a_changed_log_is_not_opened_for_writing() {
    for sql in [
        "DELETE FROM stamps WHERE number = (SELECT max(number) FROM stamps)",
        "UPDATE stamps SET bytes = x'00' WHERE number = (SELECT max(number) FROM stamps)",
        "UPDATE tiles SET hashes = zeroblob(length(hashes)) WHERE level = 1",
        "UPDATE head SET frontier = x'0000000000000000'",
        "UPDATE checkpoints SET note = 'x'",
    ] {
        let place = Place::new();
        ledger(&place).await;
        tamper(&place.database()).execute_batch(sql).unwrap();
        let before = std::fs::read_to_string(place.file("ledger.db.checkpoint.txt")).unwrap();
        let error = Ledger::open(&place.url(), place.options()).await.unwrap_err();
        assert_eq!(error.kind(), LedgerErrorKind::Corrupt, "{sql}: {error}");
        let after = std::fs::read_to_string(place.file("ledger.db.checkpoint.txt")).unwrap();
        assert_eq!(before, after, "{sql}");
    }
}
