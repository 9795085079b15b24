//! What waits in a member is bounded, and a member whose caller is slow stays a member.

use std::time::Duration;

use wingman_core::transport::Settle;

use crate::server::{Server, ack, bodies, settle, take};

/// More than a member keeps waiting (4,096).
const BEHIND: usize = 6_000;

pub(crate) async fn a_key_that_waits_holds_up_the_rest_only_when_the_window_is_full(
    server: Server,
) {
    let server = server.with("partitions=1").await;
    let subscriber = server.join().await;
    server.publish(&["slow:0", "quick:0"]).await;
    let taken = take(&*subscriber, 2).await;
    let after = Duration::from_secs(3);
    settle(&*subscriber, &taken[0], Settle::Retry { after }).await.unwrap();
    ack(&*subscriber, &taken[1..]).await;
    server.publish(&["quick:1"]).await;
    let quick = take(&*subscriber, 1).await;
    assert_eq!(bodies(&quick), ["1"], "another key goes on");
    ack(&*subscriber, &quick).await;
    let behind: Vec<_> = (1..BEHIND).map(|number| format!("slow:{number}")).collect();
    server.publish(&behind).await;
    let mut next = 0;
    while next < BEHIND {
        for delivery in take(&*subscriber, 100.min(BEHIND - next)).await {
            assert_eq!(bodies(std::slice::from_ref(&delivery)), [next.to_string()]);
            ack(&*subscriber, &[delivery]).await;
            next += 1;
        }
    }
}

/// The session is three seconds, and the window is full: only a thread of its own keeps it alive.
pub(crate) async fn a_member_that_does_not_receive_stays_in_its_group(server: Server) {
    let server = server.with("partitions=1").await;
    let subscriber = server.join().await;
    server.publish(&(0..BEHIND).map(|number| number.to_string()).collect::<Vec<_>>()).await;
    let held = take(&*subscriber, 1).await;
    tokio::time::sleep(Duration::from_secs(5)).await;
    assert!(subscriber.holds(&held[0].token));
    ack(&*subscriber, &held).await;
    let mut seen = 1;
    while seen < BEHIND {
        let more = take(&*subscriber, 1_000.min(BEHIND - seen)).await;
        let batch: Vec<_> = more.iter().map(|one| (one.token.clone(), Settle::Ack)).collect();
        assert!(subscriber.settle(&batch).await.unwrap().iter().all(Result::is_ok));
        let first: usize = bodies(&more[..1])[0].parse().unwrap();
        assert_eq!(first, seen, "nothing twice, nothing left out");
        seen += more.len();
    }
}
