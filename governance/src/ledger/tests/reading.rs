//! Typed reads beside the writer.

use super::{Place, arrival, ask, conclude, handle_one, intend, join, start};
use crate::audit::{Checkpoint, leaf_hash};
use crate::ledger::{LedgerErrorKind, OpenWork, Reader};
use crate::protocol::input::{Input, RunEnding};
use crate::protocol::row::{OutboxState, Target};

#[tokio::test]
async fn a_tree_is_read_whole() {
    let place = Place::new();
    let ledger = place.open().await;
    let reader = Reader::open(&place.url()).unwrap();
    assert_eq!(reader.id(), ledger.id());
    let claim = join(&ledger).await;
    handle_one(&place, &ledger, claim).await;
    let run = handle_one(&place, &ledger, claim).await;
    let tree = run.event.correlation();
    let executions = reader.executions_in(tree).unwrap();
    assert_eq!(executions.len(), 1);
    assert_eq!(reader.execution(run.run.execution).unwrap().as_ref(), executions.first());
    let types: Vec<_> =
        reader.recorded_in(tree).unwrap().into_iter().map(|it| it.event_type).collect();
    assert_eq!(types.len(), 2);
    assert!(types.contains(&"Order".to_owned()) && types.contains(&"Receipt".to_owned()));
    let outbox = reader.outbox_in(tree).unwrap();
    assert_eq!(outbox.len(), 1);
    assert_eq!(outbox[0].state, OutboxState::Unpublished);
    assert_eq!(reader.outbox(outbox[0].sequence).unwrap().as_ref(), outbox.first());
    assert!(!outbox[0].message.is_empty());
    let kinds = |stamps: Vec<crate::ledger::StampRow>| {
        stamps.into_iter().map(|it| it.kind).collect::<Vec<_>>()
    };
    let of_tree = reader.stamps(Some(tree), 0, 10).unwrap();
    assert_eq!(of_tree[0].tree.as_deref(), Some(tree));
    let page = reader.stamps(Some(tree), of_tree[0].index + 1, 1).unwrap();
    assert_eq!(page, of_tree[1..2]);
    assert_eq!(kinds(of_tree), ["recorded", "started", "finished"]);
    let of_run = reader.stamps_of(run.run.execution, 10).unwrap();
    assert_eq!(kinds(of_run), ["started", "finished"]);
    assert_eq!(kinds(reader.newest_stamps(1).unwrap()), ["finished"]);
    assert_eq!(reader.stamps(None, 0, 100).unwrap().len() as u64, reader.size().unwrap());
    assert_eq!(reader.trees(1).unwrap(), [tree.into()]);
    assert!(reader.executions_in("no such tree").unwrap().is_empty());
}

#[tokio::test]
async fn open_work_is_counted_by_tree_and_overall() {
    let place = Place::new();
    let ledger = place.open().await;
    let reader = ledger.reader();
    assert!(reader.open_work(None).unwrap().is_none());
    let claim = join(&ledger).await;
    handle_one(&place, &ledger, claim).await;
    let run = start(&ledger, claim, &place.order()).await;
    ask(&ledger, intend(run.run, 0)).await;
    assert_eq!(reader.started().unwrap().len(), 1);
    let tree = run.event.correlation();
    let expected = OpenWork { executions: 1, effects: 1, ..OpenWork::default() };
    assert_eq!(reader.open_work(Some(tree)).unwrap(), expected);
    let expected = OpenWork { unpublished: 1, ..expected };
    assert_eq!(reader.open_work(None).unwrap(), expected);
    assert!(reader.has_unpublished().unwrap() && !reader.has_undo_work().unwrap());
    ask(&ledger, Input::Fence { tree: tree.into() }).await;
    assert_eq!(reader.open_work(Some(tree)).unwrap().fences, 1);
    assert!(reader.fence(tree).unwrap().is_some() && reader.has_undo_work().unwrap());
    assert_eq!(reader.fences().unwrap().len(), 1);
    assert!(reader.open_work(Some("no such tree")).unwrap().is_none());
}

#[tokio::test]
async fn parked_and_dead_deliveries_keep_their_bytes() {
    let place = Place::new();
    let ledger = place.open().await;
    let reader = ledger.reader();
    let claim = join(&ledger).await;
    let failed = |structural| RunEnding::Failed { structural, reason: "no money".into() };
    let run = start(&ledger, claim, &place.order()).await;
    ask(&ledger, conclude(&run, failed(false))).await;
    let parked = reader.parked(10).unwrap();
    assert_eq!(parked.len(), 1);
    assert!(String::from_utf8_lossy(&parked[0].message).contains("order-0"), "{parked:?}");
    let now = ledger.now_millis();
    assert!(!reader.has_due("cashier", now).unwrap());
    assert!(reader.has_due("cashier", now + 30_000).unwrap());
    let run = start(&ledger, claim, &place.order()).await;
    ask(&ledger, conclude(&run, failed(true))).await;
    let dead = reader.dead_letters(10).unwrap();
    assert_eq!(dead.len(), 1);
    assert_eq!(&dead[0].original.payload[..], br#"{"cents": 1}"#);
    assert_eq!(dead[0].original.key.as_deref(), Some("dGlsbC0x"));
    assert_eq!(parked[0].original, dead[0].original);
    assert_eq!(reader.dead_letter(run.run.execution).unwrap().as_ref(), dead.first());
}

#[tokio::test]
async fn orders_of_people_and_workers_show_at_once() {
    let place = Place::new();
    let ledger = place.open().await;
    let reader = Reader::open(&place.url()).unwrap();
    let (turn, version) = (reader.turn().unwrap(), reader.control_version().unwrap());
    let claim = join(&ledger).await;
    let target = Target::Handler("cashier".into());
    ask(&ledger, Input::Command { target: target.clone(), halt: true, by: "anna".into() }).await;
    assert_eq!(reader.turn().unwrap(), turn + 2);
    assert_eq!(reader.control_version().unwrap(), version + 1);
    assert_eq!(reader.controls().unwrap()[0].target, target);
    assert_eq!(reader.workers().unwrap()[0].id, claim.worker);
    assert!(ledger.is_dead(claim.worker));
    let _lock = ledger.lock_worker(claim.worker).unwrap();
    assert!(!ledger.is_dead(claim.worker));
}

#[tokio::test]
async fn a_stamp_is_proven_against_the_newest_checkpoint() {
    let place = Place::new();
    let ledger = place.open().await;
    let reader = ledger.reader();
    let claim = join(&ledger).await;
    let run = handle_one(&place, &ledger, claim).await;
    let leaf = reader.execution(run.run.execution).unwrap().unwrap().stamp.unwrap();
    let proven = reader.prove(leaf).unwrap();
    proven.proof.verify(&proven.hash, &proven.root).unwrap();
    let early = reader.prove_covered(leaf).unwrap_err();
    assert_eq!(early.kind(), LedgerErrorKind::Refused);
    ledger.checkpoint_now().await.unwrap();
    let covered = reader.prove_covered(leaf).unwrap();
    let checkpoint = Checkpoint::open(&covered.checkpoint, ledger.verifier()).unwrap();
    let hash = leaf_hash(covered.stamp.text.as_bytes());
    covered.proof.verify(&hash, &checkpoint.root).unwrap();
    let grown = reader.prove_consistency(1).unwrap();
    let first = reader.prove_covered(0).unwrap();
    grown.verify(&leaf_hash(first.stamp.text.as_bytes()), &checkpoint.root).unwrap();
    assert_eq!(reader.prove(10_000).unwrap_err().kind(), LedgerErrorKind::Refused);
}

#[tokio::test]
async fn plans_are_found_by_the_beginning_of_their_digest() {
    let place = Place::new();
    let ledger = place.open().await;
    let reader = ledger.reader();
    assert!(reader.pending_plans().unwrap().is_empty());
    assert!(reader.plans_by_prefix("ab", 2).unwrap().is_empty());
    for prefix in ["", "xyz", "é", &"a".repeat(65)] {
        assert_eq!(reader.plans_by_prefix(prefix, 2).unwrap_err().kind(), LedgerErrorKind::Refused);
    }
}

#[test]
fn there_is_nothing_to_read_where_no_ledger_is() {
    let place = Place::new();
    let missing = Reader::open(&place.url()).unwrap_err();
    assert_eq!(missing.kind(), LedgerErrorKind::Missing);
    super::tamper(&place.database()).execute_batch("CREATE TABLE theirs (a)").unwrap();
    assert_eq!(Reader::open(&place.url()).unwrap_err().kind(), LedgerErrorKind::Corrupt);
}

#[tokio::test]
async fn a_held_delivery_is_neither_open_work_nor_lost() {
    let place = Place::new();
    let ledger = place.open().await;
    let claim = join(&ledger).await;
    ask(&ledger, Input::Command { target: Target::All, halt: true, by: "anna".into() }).await;
    ask(&ledger, arrival(claim, &place.order())).await;
    assert!(ledger.reader().open_work(None).unwrap().is_none());
}
