//! Keys are message groups, and each publish is a message of its own.

use std::time::Duration;

use wingman_core::event::CloudEvent;
use wingman_core::transport::Settle;

use crate::server::{PATIENCE, QUIET, Server, ack, bodies, rest, settle, take};

pub(crate) async fn a_failing_head_holds_its_key_and_no_other(server: Server) {
    let subscriber = server.join(PATIENCE * 3).await;
    server.publish(&["bad:1", "bad:2", "good:1"]).await;
    let taken = take(&*subscriber, 3).await;
    let of = |key: &'static str, at: usize| {
        let mut of_key =
            taken.iter().filter(|it| it.message.key.as_deref() == Some(key.as_bytes()));
        of_key.nth(at).unwrap()
    };
    settle(&*subscriber, of("bad", 1), Settle::Release).await.unwrap();
    let after = QUIET * 3;
    settle(&*subscriber, of("bad", 0), Settle::Retry { after }).await.unwrap();
    settle(&*subscriber, of("good", 0), Settle::Ack).await.unwrap();
    let other = server.join(PATIENCE * 3).await;
    server.publish(&["bad:3", "good:2", "good:3"]).await;
    let flowing = take(&*other, 2).await;
    assert!(flowing.iter().all(|it| it.message.key.as_deref() == Some(b"good")));
    assert_eq!(bodies(&flowing), ["2", "3"]);
    ack(&*other, &flowing).await;
    assert!(rest(&*other).await.is_empty(), "the key waits for its head");
    let held = take(&*other, 3).await;
    assert_eq!(bodies(&held), ["1", "2", "3"]);
    assert_eq!(held[0].attempt.unwrap().get(), 2);
    ack(&*other, &held).await;
}

/// One group for all would hand out nothing more while one of them is held.
pub(crate) async fn without_a_key_nothing_waits_for_anything(server: Server) {
    let (one, two) = (server.join(PATIENCE * 3).await, server.join(PATIENCE * 3).await);
    server.publish(&["a", "b"]).await;
    let held = take(&*one, 1).await;
    let other = take(&*two, 1).await;
    assert_ne!(bodies(&held), bodies(&other));
    assert!(held[0].message.key.is_none() && other[0].message.key.is_none());
}

/// An id of the event would make SNS drop the second silently, also for a group made in between.
pub(crate) async fn what_is_published_twice_comes_twice(server: Server) {
    let event = CloudEvent::new("1", "/shop", "OrderPlaced").unwrap().with_json("{}");
    let message = event.to_message().unwrap();
    let subscriber = server.join(Duration::from_secs(60)).await;
    let publisher = server.publisher().await;
    for _ in 0..2 {
        publisher.publish(std::slice::from_ref(&message)).await.unwrap().remove(0).unwrap();
    }
    let taken = take(&*subscriber, 2).await;
    assert_eq!(taken[0].message, taken[1].message);
    assert_eq!(taken[0].message, message);
    ack(&*subscriber, &taken).await;
}
