//! Without order, consumers of a group share.

use std::time::Duration;

use wingman_core::transport::Settle;

use crate::server::{PATIENCE, Server, ack, bodies, rest, settle, take};

pub(crate) async fn consumers_share_and_take_over_what_another_released(server: Server) {
    let lease = PATIENCE * 3;
    let one = server.join(lease, false).await;
    let two = server.join(lease, false).await;
    server.publish(&["a", "b", "c", "d"]).await;
    let of_one = take(&*one, 2).await;
    let of_two = take(&*two, 2).await;
    assert_eq!(bodies(&of_one), ["a", "b"]);
    assert_eq!(bodies(&of_two), ["c", "d"]);
    settle(&*one, &of_one[0], Settle::Release).await.unwrap();
    let released = take(&*two, 1).await;
    assert_eq!(bodies(&released), ["a"]);
    ack(&*one, &of_one[1..]).await;
    ack(&*two, &of_two).await;
    ack(&*two, &released).await;
    assert!(rest(&*one).await.is_empty());
    assert!(rest(&*two).await.is_empty());
}

pub(crate) async fn a_lost_consumer_is_inherited_after_its_lease(server: Server) {
    let lease = Duration::from_millis(600);
    let lost = server.join(lease, false).await;
    server.publish(&["a", "b"]).await;
    let held = take(&*lost, 1).await;
    let heir = server.join(lease, false).await;
    let b = take(&*heir, 1).await;
    assert_eq!(bodies(&b), ["b"]);
    ack(&*heir, &b).await;
    let a = take(&*heir, 1).await;
    assert_eq!(bodies(&a), ["a"]);
    assert_eq!(a[0].attempt.map(u32::from), Some(2));
    ack(&*heir, &a).await;
    let late = settle(&*lost, &held[0], Settle::Ack).await.unwrap_err();
    assert_eq!(late.kind(), wingman_core::Kind::StaleLease);
}
