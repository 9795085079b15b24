//! Order by key, through ownership and delays.

use std::time::Duration;

use tokio::time::Instant;
use wingman_core::Kind;
use wingman_core::transport::Settle;

use crate::server::{PATIENCE, QUIET, Server, ack, bodies, rest, settle, take};

pub(crate) async fn an_owner_that_stopped_is_succeeded_in_order(server: Server) {
    let lease = Duration::from_secs(1);
    let stopped = server.join(lease, true).await;
    server.publish(&["k:1", "k:2", "k:3"]).await;
    let began = Instant::now();
    let held = take(&*stopped, 2).await;
    let heir = server.join(lease, true).await;
    server.publish(&["k:4"]).await;
    let came = take(&*heir, 4).await;
    assert!(began.elapsed() >= lease, "{:?}", began.elapsed());
    assert_eq!(bodies(&came), ["1", "2", "3", "4"]);
    assert_eq!(came[0].attempt.map(u32::from), Some(2));
    assert_eq!(came[2].attempt.map(u32::from), Some(1));
    for how in [Settle::Ack, Settle::Release, Settle::Retry { after: lease }] {
        let late = settle(&*stopped, &held[0], how).await.unwrap_err();
        assert_eq!(late.kind(), Kind::StaleLease);
    }
    let tokens = [held[1].token.clone()];
    let late = stopped.extend(&tokens, lease).await.unwrap().remove(0);
    assert_eq!(late.unwrap_err().kind(), Kind::StaleLease);
    ack(&*heir, &came).await;
    assert!(rest(&*heir).await.is_empty());
}

pub(crate) async fn a_delayed_head_holds_up_its_key_and_no_other(server: Server) {
    let subscriber = server.join(PATIENCE * 3, true).await;
    server.publish(&["slow:1", "slow:2"]).await;
    let taken = take(&*subscriber, 2).await;
    // As the contract asks: what is behind the head goes back first.
    settle(&*subscriber, &taken[1], Settle::Release).await.unwrap();
    let after = QUIET * 4;
    let began = Instant::now();
    settle(&*subscriber, &taken[0], Settle::Retry { after }).await.unwrap();
    server.publish(&["slow:3", "fast:a", "free"]).await;
    let others = take(&*subscriber, 2).await;
    assert_eq!(bodies(&others), ["a", "free"]);
    assert!(rest(&*subscriber).await.is_empty());
    let slow = take(&*subscriber, 3).await;
    assert!(began.elapsed() >= after, "{:?}", began.elapsed());
    assert_eq!(bodies(&slow), ["1", "2", "3"]);
    let attempts: Vec<_> = slow.iter().map(|it| it.attempt.map(u32::from)).collect();
    assert_eq!(attempts, [Some(2), Some(1), Some(1)]);
    ack(&*subscriber, &others).await;
    ack(&*subscriber, &slow).await;
}

/// The ownership ends between two looks, as it does for a process that was stopped: it reads before
/// it looks at the ownership again, and may not keep what it read.
pub(crate) async fn who_lost_the_ownership_gives_back_what_it_read(server: Server) {
    const LOSE: &str = "redis.call('SET', KEYS[2], 'another')
        for _, body in ipairs({'2', '3'}) do
          redis.call('XADD', KEYS[1], '*', 'key', 'k', 'data', body)
        end";
    let lease = Duration::from_secs(2);
    let (topic, group) = (server.topic.as_str(), server.group.as_str());
    let owner = format!("wingman:{{{topic}}}:{group}:owner");
    let subscriber = server.join(lease, true).await;
    // Rarely the look at what came back is due just then, which sees it before it reads.
    for _ in 0..20 {
        server.publish(&["k:1"]).await;
        ack(&*subscriber, &take(&*subscriber, 1).await).await;
        let () = server.raw(&["EVAL", LOSE, "2", topic, &owner]).await;
        assert!(rest(&*subscriber).await.is_empty());
        let summary = ["XPENDING", topic, group];
        let returned: redis::streams::StreamPendingReply = server.raw(&summary).await;
        let _: u64 = server.raw(&["DEL", &owner]).await;
        server.publish(&["k:4"]).await;
        let came = take(&*subscriber, 3).await;
        assert_eq!(bodies(&came), ["2", "3", "4"]);
        ack(&*subscriber, &came).await;
        if returned.count() == 2 {
            return;
        }
    }
    panic!("in 20 rounds it never read without owning");
}

pub(crate) async fn what_a_key_waits_for_survives_its_subscriber(server: Server) {
    let lease = Duration::from_secs(1);
    let gone = server.join(lease, true).await;
    server.publish(&["k:1"]).await;
    let head = take(&*gone, 1).await;
    let after = lease * 2;
    let began = Instant::now();
    settle(&*gone, &head[0], Settle::Retry { after }).await.unwrap();
    drop(gone);
    server.publish(&["k:2", "other:a"]).await;
    let heir = server.join(lease, true).await;
    let came = take(&*heir, 1).await;
    assert_eq!(bodies(&came), ["a"]);
    ack(&*heir, &came).await;
    let came = take(&*heir, 2).await;
    assert!(began.elapsed() >= after, "{:?}", began.elapsed());
    assert_eq!(bodies(&came), ["1", "2"]);
    ack(&*heir, &came).await;
}

pub(crate) async fn a_release_is_no_attempt(server: Server) {
    let subscriber = server.join(PATIENCE * 3, true).await;
    server.publish(&["a"]).await;
    let after = Duration::ZERO;
    let steps = [Settle::Release, Settle::Release, Settle::Retry { after }, Settle::Release];
    let mut attempts = Vec::new();
    for how in steps.into_iter().chain([Settle::Ack]) {
        let delivery = take(&*subscriber, 1).await.remove(0);
        attempts.push(delivery.attempt.map_or(0, u32::from));
        settle(&*subscriber, &delivery, how).await.unwrap();
    }
    assert_eq!(attempts, [1, 1, 1, 2, 2]);
}
