//! Rows, scans, replies and the clock.

use std::collections::BTreeSet;
use std::time::Duration;

use super::{Place, arrival, ask, finish, handle_one, intend, join, start, started, tamper};
use crate::ledger::{Ledger, LedgerErrorKind};
use crate::protocol::input::{Concluded, Input, Intended, Judged, Reply, Report, Sent};

fn count(place: &Place, sql: &str) -> i64 {
    tamper(&place.database()).query_row(sql, (), |row| row.get(0)).unwrap()
}

#[tokio::test]
async fn an_order_becomes_a_receipt_and_its_redelivery_is_only_acked() {
    let place = Place::new();
    let ledger = place.open().await;
    let claim = join(&ledger).await;
    let order = place.order();
    let run = start(&ledger, claim, &order).await;
    let concluded = ask(&ledger, finish(&run)).await;
    assert!(matches!(concluded, Reply::Concluded(Concluded::Ack)), "{concluded:?}");
    let again = ask(&ledger, arrival(claim, &order)).await;
    assert!(matches!(again, Reply::Judged(Judged::Ack)), "{again:?}");
    let relaying = ask(&ledger, Input::Relay { claim, max: 10, resting: BTreeSet::new() }).await;
    let Reply::Relaying(Some(rows)) = relaying else { panic!("{relaying:?}") };
    assert_eq!(rows.len(), 1);
    assert!(String::from_utf8_lossy(&rows[0].message).contains("\"paid\": true"), "{rows:?}");
    ask(&ledger, Input::Relayed { claim, sequence: rows[0].sequence, sent: Sent::Published }).await;
    let kinds = "SELECT group_concat(kind, ' ') FROM (SELECT kind FROM stamps ORDER BY number)";
    let kinds: String = tamper(&place.database()).query_row(kinds, (), |row| row.get(0)).unwrap();
    assert_eq!(kinds, "ledger_opened worker_joined recorded started finished emitted");
}

#[tokio::test]
async fn many_callers_share_transactions_and_each_gets_its_own_reply() {
    let place = Place::new();
    let ledger = place.open().await;
    let claim = join(&ledger).await;
    let turns = "SELECT turn FROM head";
    let before = count(&place, turns);
    let orders: Vec<_> = (0..300).map(|_| place.order()).collect();
    let tasks: Vec<_> = orders
        .iter()
        .map(|order| {
            let (ledger, input, id) =
                (ledger.clone(), arrival(claim, order), order.id().to_owned());
            tokio::spawn(async move { (id, started(ask(&ledger, input).await)) })
        })
        .collect();
    for task in tasks {
        let (id, started) = task.await.unwrap();
        assert_eq!(started.event.id(), id);
    }
    let used = count(&place, turns) - before;
    assert!(used < 300, "300 inputs took {used} transactions");
    assert_eq!(count(&place, "SELECT count(*) FROM executions WHERE open = 1"), 300);
}

#[tokio::test]
async fn more_inputs_than_a_batch_are_answered_in_order() {
    let place = Place::new();
    let ledger = place.open().await;
    let claim = join(&ledger).await;
    let orders: Vec<_> = (0..1_500).map(|_| place.order()).collect();
    let inputs = orders.iter().map(|order| arrival(claim, order)).collect();
    let replies = ledger.transact(inputs).await.unwrap();
    assert_eq!(replies.len(), 1_500);
    for (order, reply) in orders.iter().zip(replies) {
        assert_eq!(started(reply).event.id(), order.id());
    }
    assert!(ledger.transact(Vec::new()).await.unwrap().is_empty());
}

#[tokio::test]
async fn effects_keep_their_bytes_and_are_found_by_execution() {
    let place = Place::new();
    let ledger = place.open().await;
    let claim = join(&ledger).await;
    let run = start(&ledger, claim, &place.order()).await;
    for call in 0..2 {
        let intended = ask(&ledger, intend(run.run, call)).await;
        let Reply::Intended(Intended::Call(effect)) = intended else { panic!("{intended:?}") };
        assert_eq!(effect.index, call);
        let report = Report::Applied("1".into());
        ask(&ledger, Input::Report { run: run.run, effect, report }).await;
    }
    ask(&ledger, finish(&run)).await;
    let tree = run.event.correlation().into();
    ask(&ledger, Input::Fence { tree }).await;
    let tools = vec!["till".to_owned()];
    let undoing = ask(&ledger, Input::Undo { claim, tools, max: 10 }).await;
    let Reply::Undoing(effects) = undoing else { panic!("{undoing:?}") };
    assert!(!effects.is_empty());
    assert!(effects.iter().all(|it| &it.before[..] == b"\0state before"), "{effects:?}");
}

#[tokio::test]
async fn the_clock_follows_the_wall_but_never_runs_back() {
    let place = Place::new();
    let ledger = place.open().await;
    let claim = join(&ledger).await;
    place.clock.advance(Duration::from_secs(5));
    handle_one(&place, &ledger, claim).await;
    ledger.close().await.unwrap();
    let mut options = place.options();
    options.clock = wingman_core::clock::Clock::manual(Default::default());
    let ledger = Ledger::open(&place.url(), options).await.unwrap();
    join(&ledger).await;
    assert_eq!(count(&place, "SELECT max(at_millis) FROM stamps"), 1_005_000);
    let backwards = "SELECT count(*) FROM stamps a JOIN stamps b ON b.number = a.number + 1
                     WHERE b.at_millis < a.at_millis";
    assert_eq!(count(&place, backwards), 0);
}

#[tokio::test]
async fn a_ledger_keeps_its_identity_and_is_not_made_unasked() {
    let place = Place::new();
    let mut options = place.options();
    options.create = false;
    let missing = Ledger::open(&place.url(), options.clone()).await.unwrap_err();
    assert_eq!(missing.kind(), LedgerErrorKind::Missing);
    assert!(missing.to_string().contains("create the ledger"), "{missing}");
    let made = place.open().await;
    assert!(made.key_created());
    made.close().await.unwrap();
    let again = Ledger::open(&place.url(), options.clone()).await.unwrap();
    assert_eq!(again.id(), made.id());
    assert!(!again.key_created());
    assert_eq!(again.verifier().name().as_str(), format!("wingman-ledger-{}", made.id().short()));
    let nowhere = format!("sqlite://{}", place.file("no/such/folder.db").display());
    let missing = Ledger::open(&nowhere, place.options()).await.unwrap_err();
    assert_eq!(missing.kind(), LedgerErrorKind::Missing);
    assert!(missing.to_string().contains("make the folder"), "{missing}");
}
