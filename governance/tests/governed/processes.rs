//! Several processes on one SQLite file and one group: the work is shared, and done once.

use wingman_governance::protocol::row::Phase;

use crate::world::{World, asked, kinds, until, until_settled};

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn two_processes_share_the_work_and_do_it_once() {
    const EVENTS: u32 = 60;
    let world = World::new();
    let (first, second) = (world.start().await, world.start().await);
    for number in 0..EVENTS {
        let process = if number % 2 == 0 { &first } else { &second };
        process.publish(asked(&format!("{number}"), number)).await.unwrap();
    }
    let reader = first.ledger().reader();
    until("everything was heard", || world.heard() >= EVENTS).await;
    until_settled(&reader).await;
    first.stop().await;
    second.stop().await;
    assert_eq!((world.answered(), world.heard()), (EVENTS, EVENTS));
    let kinds = kinds(&reader).unwrap();
    let finished = kinds.iter().filter(|kind| *kind == "finished").count();
    assert_eq!(finished, 2 * EVENTS as usize);
    for tree in reader.trees(1_000).unwrap() {
        for execution in reader.executions_in(&tree).unwrap() {
            assert_eq!((execution.phase, execution.attempts), (Phase::Finished, 1));
        }
    }
}
