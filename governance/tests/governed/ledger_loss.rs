//! No ledger, no work (G1): full or gone, it stops everything, and nothing is lost by it.

use wingman_governance::ledger::LedgerErrorKind;

use crate::world::{World, asked, until, until_settled};

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_full_ledger_stops_all_work_and_goes_on_where_it_stopped() {
    let world = World::new();
    let running = world.start().await;
    running.stop().await;
    let path = world.folder.path().join("ledger.db");
    let size = std::fs::metadata(&path).unwrap().len();
    let full = world.governor().ledger_bytes_max(size + 64 * 1024).start().await.unwrap();
    let mut sent = 0;
    let error = loop {
        match full.publish(asked(&format!("{sent}"), sent)).await {
            Ok(_) => sent += 1,
            Err(error) => break error,
        }
        assert!(sent < 10_000, "it never filled");
    };
    assert_eq!(error.kind(), LedgerErrorKind::Full);
    let again = full.publish(asked("after", 1)).await.unwrap_err();
    assert_eq!(again.kind(), LedgerErrorKind::Full, "it stays closed");
    full.stop().await;
    let roomy = world.start().await;
    until("everything recorded was heard", || world.answers() == sent as usize).await;
    until_settled(&roomy.ledger().reader()).await;
    roomy.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_deleted_ledger_stops_all_work() {
    let world = World::new();
    let running = world.start().await;
    running.publish(asked("1", 1)).await.unwrap();
    until("it is heard", || world.heard() == 1).await;
    until_settled(&running.ledger().reader()).await;
    std::fs::remove_file(world.folder.path().join("ledger.db")).unwrap();
    let error = running.publish(asked("2", 2)).await.unwrap_err();
    assert_eq!(error.kind(), LedgerErrorKind::Lost);
    running.stop().await;
    assert_eq!(world.answered(), 1);
}
