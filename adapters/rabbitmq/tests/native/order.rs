//! Order with several subscribers needs the queue's help.

use lapin::types::{AMQPValue, FieldTable};
use wingman_core::transport::Provision;
use wingman_core::{Kind, Retry};

use crate::server::{Server, ack, bodies, rest, take};

fn single_active_consumer() -> FieldTable {
    let mut arguments = FieldTable::default();
    arguments.insert("x-single-active-consumer".into(), AMQPValue::Boolean(true));
    arguments
}

pub(crate) async fn a_second_subscriber_of_a_queue_that_cannot_share_is_refused(server: Server) {
    server.queue_of_others(FieldTable::default()).await;
    let first = server.join(true).await;
    let refused = server.try_join("", Provision::Ensure, true).await.unwrap_err();
    assert_eq!((refused.kind(), refused.retry()), (Kind::Unsupported, Retry::Permanent));
    let text = refused.to_string();
    assert!(
        text.contains("x-single-active-consumer") && text.contains("consistent hash"),
        "{text}"
    );
    first.close().await.unwrap();
    server.join(true).await;
}

pub(crate) async fn subscribers_of_a_declared_single_active_consumer_stand_by(server: Server) {
    server.queue_of_others(single_active_consumer()).await;
    let keys = "?order=single-active-consumer";
    let first = server.try_join(keys, Provision::Ensure, true).await.unwrap();
    let second = server.try_join(keys, Provision::Ensure, true).await.unwrap();
    for body in [b"a", b"b"] {
        server.raw_publish(lapin::BasicProperties::default(), body).await;
    }
    let held = take(&*first, 2).await;
    assert!(rest(&*second).await.is_empty());
    ack(&*first, &held[..1]).await;
    first.close().await.unwrap();
    let came = take(&*second, 1).await;
    assert_eq!(bodies(&came), ["b"]);
    ack(&*second, &came).await;
}

pub(crate) async fn unordered_subscribers_share(server: Server) {
    let keys = "?prefetch=1";
    let first = server.try_join(keys, Provision::Ensure, false).await.unwrap();
    let second = server.try_join(keys, Provision::Ensure, false).await.unwrap();
    server.publish(&["k:a", "k:b"]).await;
    let (one, other) = (take(&*first, 1).await, take(&*second, 1).await);
    let mut both = [bodies(&one), bodies(&other)].concat();
    both.sort();
    assert_eq!(both, ["a", "b"]);
    ack(&*first, &one).await;
    ack(&*second, &other).await;
}
