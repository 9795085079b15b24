//! Several writers on one file.

use super::{Place, arrival, ask, handle_one, join, start};
use crate::protocol::input::{Input, Judged, Reply};
use crate::protocol::row::Target;

#[tokio::test]
async fn two_ledgers_on_one_file_see_each_others_work_at_once() {
    let place = Place::new();
    let (one, two) = (place.open().await, place.open().await);
    assert_eq!(one.id(), two.id());
    let (first, second) = (join(&one).await, join(&two).await);
    assert!(first.epoch < second.epoch);
    let order = place.order();
    start(&one, first, &order).await;
    // The other process must not start what the first one runs.
    let held = ask(&two, arrival(second, &order)).await;
    assert!(matches!(held, Reply::Judged(Judged::Hold(_))), "{held:?}");
    ask(
        &two,
        Input::Command {
            target: Target::All,
            halt: true,
            by: "anna".into(),
        },
    )
    .await;
    let halted = ask(&one, arrival(first, &place.order())).await;
    assert!(
        matches!(halted, Reply::Judged(Judged::Hold(_))),
        "{halted:?}"
    );
}

#[tokio::test]
async fn both_get_on_while_both_write_and_the_log_stays_one() {
    let place = std::sync::Arc::new(Place::new());
    let mut tasks = Vec::new();
    for _ in 0..2 {
        let place = std::sync::Arc::clone(&place);
        tasks.push(tokio::spawn(async move {
            let ledger = place.open().await;
            let claim = join(&ledger).await;
            for _ in 0..50 {
                handle_one(&place, &ledger, claim).await;
            }
            ledger.close().await.unwrap();
        }));
    }
    for task in tasks {
        tokio::time::timeout(std::time::Duration::from_secs(60), task)
            .await
            .unwrap()
            .unwrap();
    }
    // Opening recomputes the root and checks it against both checkpoints.
    place.open().await.close().await.unwrap();
}
