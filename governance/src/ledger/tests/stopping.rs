//! Full, lost, closed: what ends all writing.

use super::{Place, arrival, ask, handle_one, join};
use crate::ledger::{Ledger, LedgerErrorKind};
use crate::protocol::input::{Input, Intended, Reply, Report, RunEnding};
use crate::protocol::row::Fate;

#[tokio::test]
async fn a_full_ledger_stops_for_good_and_keeps_what_it_has() {
    let place = Place::new();
    let mut options = place.options();
    options.bytes_max = Some(400 * 1_024);
    let ledger = Ledger::open(&place.url(), options).await.unwrap();
    let claim = join(&ledger).await;
    let mut full = None;
    for _ in 0..2_000 {
        let inputs = (0..10).map(|_| arrival(claim, &place.order())).collect();
        if let Err(error) = ledger.transact(inputs).await {
            full = Some(error);
            break;
        }
    }
    assert_eq!(full.unwrap().kind(), LedgerErrorKind::Full);
    let again = ledger.transact(vec![arrival(claim, &place.order())]).await.unwrap_err();
    assert_eq!(again.kind(), LedgerErrorKind::Full);
    assert!(again.to_string().contains("make room"), "{again}");
    assert!(ledger.close().await.is_err());
    // With room it goes on from where it stood.
    let ledger = place.open().await;
    let claim = join(&ledger).await;
    handle_one(&place, &ledger, claim).await;
}

#[tokio::test]
async fn a_file_that_is_deleted_or_replaced_takes_nothing_more() {
    for replace in [false, true] {
        let place = Place::new();
        let ledger = place.open().await;
        let claim = join(&ledger).await;
        let aside = place.file("aside.db");
        std::fs::rename(place.database(), &aside).unwrap();
        if replace {
            std::fs::copy(&aside, place.database()).unwrap();
        }
        for _ in 0..2 {
            let lost = ledger.transact(vec![arrival(claim, &place.order())]).await.unwrap_err();
            assert_eq!(lost.kind(), LedgerErrorKind::Lost, "{lost}");
        }
        // Putting it back does not bring this handle back; opening does.
        std::fs::rename(&aside, place.database()).unwrap();
        let lost = ledger.transact(vec![arrival(claim, &place.order())]).await.unwrap_err();
        assert_eq!(lost.kind(), LedgerErrorKind::Lost);
        assert!(ledger.close().await.is_err());
        let ledger = place.open().await;
        let claim = join(&ledger).await;
        handle_one(&place, &ledger, claim).await;
    }
}

#[tokio::test]
async fn what_is_no_ledger_is_not_touched() {
    let place = Place::new();
    std::fs::write(place.database(), "not a database, but long enough to be read as one").unwrap();
    let error = Ledger::open(&place.url(), place.options()).await.unwrap_err();
    assert_eq!(error.kind(), LedgerErrorKind::Corrupt, "{error}");
    std::fs::remove_file(place.database()).unwrap();
    super::tamper(&place.database()).execute_batch("CREATE TABLE theirs (a)").unwrap();
    let error = Ledger::open(&place.url(), place.options()).await.unwrap_err();
    assert!(error.to_string().contains("another program"), "{error}");
}

#[tokio::test]
async fn a_ledger_of_a_newer_version_is_refused() {
    let place = Place::new();
    place.open().await.close().await.unwrap();
    let newer = "INSERT INTO schema_versions (version) VALUES (99)";
    super::tamper(&place.database()).execute(newer, ()).unwrap();
    let error = Ledger::open(&place.url(), place.options()).await.unwrap_err();
    assert_eq!(error.kind(), LedgerErrorKind::Version);
    assert!(error.to_string().contains("version 99"), "{error}");
}

/// What the first schema wrote is read as it stands: the fields that it had not are empty.
#[tokio::test]
async fn a_ledger_of_the_first_schema_is_brought_up_to_date() {
    let place = Place::new();
    let ledger = place.open().await;
    let claim = super::join(&ledger).await;
    let run = super::start(&ledger, claim, &place.order()).await;
    let ending = RunEnding::Failed { structural: true, reason: "no money".into() };
    ask(&ledger, super::conclude(&run, ending)).await;
    ledger.close().await.unwrap();
    let back = "ALTER TABLE parked DROP COLUMN payload; ALTER TABLE dead_letters DROP COLUMN event;
        DROP TABLE evidence; DROP INDEX effects_quarantined; ALTER TABLE effects DROP COLUMN quarantined;
        DELETE FROM schema_versions WHERE version > 1;
        UPDATE dead_letters SET body = json_remove(body, '$.key', '$.attempts', '$.fate')";
    super::tamper(&place.database()).execute_batch(back).unwrap();
    let reader = place.open().await.reader();
    let letter = reader.dead_letter(run.run.execution).unwrap().unwrap();
    assert_eq!(&letter.original.payload[..], br#"{"cents": 1}"#);
    assert!(letter.event.is_empty() && letter.attempts.is_empty());
    assert_eq!(letter.fate, Fate::Waiting);
}

/// Effects in quarantine are found as such after the schema that marks them came.
#[tokio::test]
async fn a_ledger_of_the_second_schema_finds_what_is_in_quarantine() {
    let place = Place::new();
    let ledger = place.open().await;
    let claim = super::join(&ledger).await;
    let run = super::start(&ledger, claim, &place.order()).await;
    let Reply::Intended(Intended::Call(effect)) = ask(&ledger, super::intend(run.run, 0)).await
    else {
        panic!("not announced")
    };
    let report = Report::Undecidable;
    ask(&ledger, Input::Report { run: run.run, effect, report }).await;
    ledger.close().await.unwrap();
    let back = "DROP TABLE evidence; DROP INDEX effects_quarantined;
        ALTER TABLE effects DROP COLUMN quarantined; DELETE FROM schema_versions WHERE version = 3";
    super::tamper(&place.database()).execute_batch(back).unwrap();
    let reader = place.open().await.reader();
    let found: Vec<_> = reader.quarantined(10).unwrap().iter().map(|it| it.key).collect();
    assert_eq!(found, [effect]);
}

#[tokio::test]
async fn a_busy_ledger_says_so_after_its_wait_and_goes_on_later() {
    let place = Place::new();
    let mut options = place.options();
    options.busy_wait = std::time::Duration::from_millis(50);
    let ledger = Ledger::open(&place.url(), options).await.unwrap();
    let other = super::tamper(&place.database());
    other.execute_batch("BEGIN IMMEDIATE").unwrap();
    let worker = crate::protocol::id::WorkerId(crate::digest::Digest::of(b"w"));
    let input = crate::protocol::input::Input::Join { worker, handlers: Vec::new() };
    let busy = ledger.transact(vec![input.clone()]).await.unwrap_err();
    assert_eq!(busy.kind(), LedgerErrorKind::Busy, "{busy}");
    other.execute_batch("ROLLBACK").unwrap();
    ask(&ledger, input).await;
}

#[tokio::test]
async fn a_closed_ledger_says_so() {
    let place = Place::new();
    let ledger = place.open().await;
    let claim = join(&ledger).await;
    ledger.close().await.unwrap();
    ledger.close().await.unwrap();
    let closed = ledger.transact(vec![arrival(claim, &place.order())]).await.unwrap_err();
    assert_eq!(closed.kind(), LedgerErrorKind::Closed);
}
