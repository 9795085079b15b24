//! Checkpoints: when they are written, where, and with which key.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use super::{Place, ask, finish, handle, handle_one, intend, join, start};
use crate::audit::Checkpoint;
use crate::ledger::{CheckpointEvery, Gap, Gaps, Ledger, LedgerErrorKind, verify, verify_telling};
use crate::protocol::input::{Input, Intended, Reply, Report};

fn in_file(ledger: &Ledger) -> Checkpoint {
    let note = std::fs::read_to_string(ledger.checkpoint_file()).unwrap();
    Checkpoint::open(&note, ledger.verifier()).unwrap()
}

#[tokio::test]
async fn a_checkpoint_covers_the_first_stamp_at_once_and_all_of_them_at_close() {
    let place = Place::new();
    let ledger = place.open().await;
    assert_eq!(in_file(&ledger).size, 1);
    let claim = join(&ledger).await;
    handle_one(&place, &ledger, claim).await;
    assert_eq!(verify(&place.url(), None).unwrap().uncovered, 4);
    ledger.close().await.unwrap();
    assert_eq!(in_file(&ledger).size, 5);
    assert_eq!(verify(&place.url(), None).unwrap().uncovered, 0);
}

#[tokio::test]
async fn one_is_written_after_so_many_stamps() {
    let place = Place::new();
    let mut options = place.options();
    options.checkpoint_every = CheckpointEvery { stamps: 8, time: Duration::from_secs(3_600) };
    let ledger = Ledger::open(&place.url(), options).await.unwrap();
    let claim = join(&ledger).await;
    for _ in 0..10 {
        handle_one(&place, &ledger, claim).await;
    }
    // The writer answers before it signs; the next request is served after.
    join(&ledger).await;
    let (covered, stamps) = (in_file(&ledger).size, ledger.reader().size().unwrap());
    assert!(stamps - covered < 8 + 3, "{covered} of {stamps}");
}

#[tokio::test]
async fn one_is_written_after_a_while_without_further_work() {
    let place = Place::new();
    let mut options = place.options();
    options.checkpoint_every = CheckpointEvery { stamps: 1_000, time: Duration::from_millis(20) };
    let (sender, written) = std::sync::mpsc::channel();
    options.gaps = Gaps::new(move |gap| {
        if gap == Gap::CheckpointAfterWrite {
            let _ = sender.send(());
        }
    });
    let ledger = Ledger::open(&place.url(), options).await.unwrap();
    written.recv_timeout(Duration::from_secs(10)).unwrap();
    join(&ledger).await;
    written.recv_timeout(Duration::from_secs(10)).unwrap();
    assert_eq!(in_file(&ledger).size, 2);
}

#[tokio::test]
async fn the_key_that_signed_is_the_only_one_that_signs_on() {
    let place = Place::new();
    place.open().await.close().await.unwrap();
    let key = place.file("ledger.db.key");
    std::fs::rename(&key, place.file("aside")).unwrap();
    let error = Ledger::open(&place.url(), place.options()).await.unwrap_err();
    assert_eq!(error.kind(), LedgerErrorKind::Missing, "{error}");
    assert!(!key.exists(), "no new key was made");
    // A key of the same name that somebody else made.
    let name = crate::ledger::Reader::open(&place.url()).unwrap().id().origin().parse().unwrap();
    std::fs::remove_file(place.file("ledger.db.key.pub")).unwrap();
    crate::audit::SigningKey::open_or_create(&key, &name).unwrap();
    let error = Ledger::open(&place.url(), place.options()).await.unwrap_err();
    assert_eq!(error.kind(), LedgerErrorKind::Refused, "{error}");
    assert!(!verify(&place.url(), None).unwrap().is_sound());
}

#[tokio::test]
async fn the_gaps_that_are_the_ledgers_are_told_in_order() {
    let place = Place::new();
    let mut options = place.options();
    let told = Arc::new(Mutex::new(Vec::new()));
    let log = Arc::clone(&told);
    options.gaps = Gaps::new(move |gap| log.lock().unwrap().push(gap));
    let ledger = Ledger::open(&place.url(), options).await.unwrap();
    let claim = join(&ledger).await;
    let run = start(&ledger, claim, &place.order()).await;
    let intended = ask(&ledger, intend(run.run, 0)).await;
    let Reply::Intended(Intended::Call(effect)) = intended else { panic!("{intended:?}") };
    let report = Report::Applied("1".into());
    ask(&ledger, Input::Report { run: run.run, effect, report }).await;
    ask(&ledger, finish(&run)).await;
    ledger.close().await.unwrap();
    let expected = [
        Gap::CheckpointBeforeWrite,
        Gap::CheckpointAfterWrite,
        Gap::AdmitBeforeCommit,
        Gap::AdmitAfterCommit,
        Gap::IntentAfterCommit,
        Gap::ResultAfterCommit,
        Gap::FinishBeforeCommit,
        Gap::FinishAfterCommit,
        Gap::CheckpointBeforeWrite,
        Gap::CheckpointAfterWrite,
    ];
    assert_eq!(*told.lock().unwrap(), expected);
}

#[tokio::test]
async fn a_verification_tells_how_far_it_is_at_each_tile() {
    let place = Place::new();
    let ledger = place.open().await;
    let claim = join(&ledger).await;
    handle(&place, &ledger, claim, 100).await;
    ledger.close().await.unwrap();
    let mut told = Vec::new();
    let found = verify_telling(&place.url(), None, &mut |done, of| told.push((done, of))).unwrap();
    assert!(found.stamps > 256 && found.stamps < 512, "{found}");
    assert_eq!(told, [(256, found.stamps), (found.stamps, found.stamps)]);
}
