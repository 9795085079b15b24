//! P-03: a halt holds from its commit, loses nothing, and is confirmed (G6, R13).

use std::time::Duration;

use wingman_governance::interrupt::interrupt;
use wingman_governance::ledger::{Ledger, LedgerOptions};
use wingman_governance::protocol::row::Target;

use crate::world::{World, asked, kinds, until, until_settled};

const WITHIN: Duration = Duration::from_secs(10);

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn another_process_halts_and_resumes_one_handler() {
    let world = World::new();
    let running = world.start().await;
    let options = LedgerOptions::new(std::sync::Arc::clone(&world.contracts));
    let other = Ledger::open(&world.url(), options).await.unwrap();
    let target = Target::Handler("listener".to_owned());
    let halted = interrupt(&other, target.clone(), true, "operator", WITHIN).await.unwrap();
    assert_eq!((halted.confirmed.len(), halted.silent.len()), (1, 0));
    running.publish(asked("1", 1)).await.unwrap();
    until("the answerer still works", || world.answered() == 1).await;
    let reader = running.ledger().reader();
    until("its output is out", || kinds(&reader).unwrap().contains(&"emitted".to_owned())).await;
    // Another whole round trip of the answerer passes while the listener has work and stands still.
    running.publish(asked("2", 1)).await.unwrap();
    until("the second is answered", || world.answered() == 2).await;
    assert_eq!(world.heard(), 0);
    let resumed = interrupt(&other, target, false, "operator", WITHIN).await.unwrap();
    assert!(resumed.version > halted.version);
    until("both are heard after the resume", || world.heard() == 2).await;
    until_settled(&reader).await;
    running.stop().await;
    let kinds = kinds(&reader).unwrap();
    assert!(kinds.contains(&"halted".to_owned()) && kinds.contains(&"resumed".to_owned()));
    assert!(!kinds.contains(&"failed".to_owned()), "no retry budget burns");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_halt_of_all_admits_nothing_until_the_resume() {
    let world = World::new();
    let running = world.start().await;
    let halted = running.interrupt(Target::All, true, "operator").await.unwrap();
    assert!(halted.silent.is_empty(), "confirmed within a second");
    running.publish(asked("1", 1)).await.unwrap();
    let reader = running.ledger().reader();
    until("the relay still works", || kinds(&reader).unwrap().contains(&"emitted".to_owned()))
        .await;
    assert_eq!(reader.started().unwrap().len(), 0);
    assert_eq!(world.answered(), 0);
    running.interrupt(Target::All, false, "operator").await.unwrap();
    until("it is heard", || world.heard() == 1).await;
    running.stop().await;
}
