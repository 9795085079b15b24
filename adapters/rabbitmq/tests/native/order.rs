//! Order with several subscribers needs the queue's help.

use std::sync::Arc;

use futures_util::future::join_all;
use lapin::types::{AMQPValue, FieldTable};
use wingman_core::name::GroupName;
use wingman_core::transport::{Provision, SubscriberOptions, Transport};
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

/// Replicas that start together: each finds the queue missing, or listed and not running yet.
pub(crate) async fn subscribers_that_join_a_new_group_at_once_all_get_in(server: Server) {
    const GROUPS: usize = 40;
    let connect = async |_| wingman_rabbitmq::connect(&server.url).await.unwrap();
    let replicas = join_all((0..4).map(connect)).await;
    for number in 0..GROUPS {
        let group = GroupName::new(format!("workers-{number}")).unwrap();
        let join = |transport: &Arc<dyn Transport>| {
            let (transport, group, topic) = (transport.clone(), group.clone(), &server.topic);
            async move { transport.subscriber(topic, &group, SubscriberOptions::default()).await }
        };
        for joined in join_all(replicas.iter().map(join)).await {
            joined.unwrap().close().await.unwrap();
        }
    }
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
