//! What a relay has read and not sent: a fence holds it back again (R8), and only who has the lease may say so (R5).

use super::{Place, ask, finish, join, start};
use crate::ledger::Ledger;
use crate::protocol::input::{Input, Reply, Sent};
use crate::protocol::row::{Claim, OutboxRow, OutboxState};

/// The rows that a relay gets, each as it stood before.
async fn relay(ledger: &Ledger, claim: Claim, resting: &[&str]) -> Vec<OutboxRow> {
    let resting = resting.iter().map(|event_type| (*event_type).to_owned()).collect();
    let reply = ask(ledger, Input::Relay { claim, max: 10, resting }).await;
    let Reply::Relaying(Some(rows)) = reply else { panic!("{reply:?}") };
    rows
}

async fn tell(ledger: &Ledger, claim: Claim, row: &OutboxRow, sent: Sent) {
    ask(ledger, Input::Relayed { claim, sequence: row.sequence, sent }).await;
}

/// A ledger with one output, and who may relay it.
async fn one_output(place: &Place) -> (Ledger, Claim) {
    let ledger = place.open().await;
    let claim = join(&ledger).await;
    let run = start(&ledger, claim, &place.order()).await;
    ask(&ledger, finish(&run)).await;
    (ledger, claim)
}

#[tokio::test]
async fn what_was_not_sent_is_withheld_by_a_fence() {
    let place = Place::new();
    let (ledger, claim) = one_output(&place).await;
    let row = relay(&ledger, claim, &[]).await.remove(0);
    assert_eq!(row.state, OutboxState::Unpublished);
    tell(&ledger, claim, &row, Sent::NotYet).await;
    ask(&ledger, Input::Fence { tree: row.tree.clone() }).await;
    assert_eq!(relay(&ledger, claim, &[]).await, []);
    let after = ledger.reader().outbox(row.sequence).unwrap().unwrap();
    assert_eq!(after.state, OutboxState::Withheld);
}

#[tokio::test]
async fn a_resting_type_is_not_read() {
    let place = Place::new();
    let (ledger, claim) = one_output(&place).await;
    assert_eq!(relay(&ledger, claim, &["Receipt"]).await, []);
    let row = relay(&ledger, claim, &["Other"]).await.remove(0);
    assert_eq!(row.state, OutboxState::Unpublished, "nobody had it");
}

#[tokio::test]
async fn a_relay_without_the_lease_takes_nothing_back() {
    let place = Place::new();
    let (ledger, earlier) = one_output(&place).await;
    let row = relay(&ledger, earlier, &[]).await.remove(0);
    ask(&ledger, Input::Bury { worker: earlier.worker }).await;
    let later = join(&ledger).await;
    let taken_over = relay(&ledger, later, &[]).await.remove(0);
    assert_eq!(taken_over.state, OutboxState::Publishing, "the earlier one may have sent it");
    tell(&ledger, earlier, &row, Sent::NotYet).await;
    ask(&ledger, Input::Fence { tree: row.tree.clone() }).await;
    let again = relay(&ledger, later, &[]).await;
    assert_eq!(again.len(), 1, "it may be on the broker, and is published to the end");
    tell(&ledger, later, &again[0], Sent::Published).await;
    let after = ledger.reader().outbox(row.sequence).unwrap().unwrap();
    assert_eq!(after.state, OutboxState::Published);
}
