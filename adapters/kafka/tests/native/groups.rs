//! What a group is on Kafka: committed offsets for each partition, and members.

use std::time::Duration;

use rdkafka::admin::{AdminClient, AdminOptions, NewPartitions};
use rdkafka::client::DefaultClientContext;
use rdkafka::producer::{FutureProducer, FutureRecord};
use wingman_core::Kind;
use wingman_core::transport::{Settle, StartPosition, Subscriber, SubscriberOptions};

use crate::server::{PATIENCE, QUIET, Server, ack, bodies, settle, take, until};

pub(crate) async fn what_is_committed_never_passes_what_is_not_settled(server: Server) {
    let server = server.with("partitions=1").await;
    let subscriber = server.join().await;
    let texts: Vec<_> = (0..10).map(|number| format!("m{number}")).collect();
    server.publish(&texts).await;
    let taken = take(&*subscriber, 10).await;
    for (at, delivery) in taken.iter().enumerate().rev() {
        if at != 2 {
            settle(&*subscriber, delivery, Settle::Ack).await.unwrap();
        }
    }
    let (admin, topic, group) = (server.admin(), &server.topic, &server.group);
    let lag = async || admin.lag(topic, group).await.unwrap();
    until("a commit of the first two", async || lag().await == Some(8)).await;
    tokio::time::sleep(QUIET).await;
    assert_eq!(lag().await, Some(8), "nothing passes the third");
    settle(&*subscriber, &taken[2], Settle::Ack).await.unwrap();
    until("a commit of all", async || lag().await == Some(0)).await;
}

pub(crate) async fn a_partition_that_appears_later_is_read_from_its_beginning(server: Server) {
    let server = server.with("partitions=1").await;
    let latest = SubscriberOptions { start: StartPosition::Latest, ..Default::default() };
    server.publish(&["before"]).await;
    let first = server.join_with(latest).await;
    first.close().await.unwrap();
    let admin: AdminClient<DefaultClientContext> = server.raw().create().unwrap();
    let more = NewPartitions::new(server.topic.as_str(), 2);
    let made = admin.create_partitions([&more], &AdminOptions::new()).await.unwrap();
    made[0].as_ref().unwrap();
    let producer: FutureProducer = server.raw().create().unwrap();
    let record = || FutureRecord::<str, str>::to(server.topic.as_str()).payload("new").partition(1);
    until("the new partition", async || producer.send(record(), PATIENCE).await.is_ok()).await;
    let again = server.join_with(latest).await;
    assert_eq!(bodies(&take(&*again, 1).await), ["new"]);
}

pub(crate) async fn a_topic_that_is_gone_ends_the_subscription(server: Server) {
    let subscriber = server.join().await;
    server.publish(&["a"]).await;
    let taken = take(&*subscriber, 1).await;
    ack(&*subscriber, &taken).await;
    assert!(server.admin().delete_topic(&server.topic).await.unwrap());
    assert_eq!(refused(&*subscriber).await, Kind::NotFound);
}

pub(crate) async fn a_group_with_members_is_not_deleted(server: Server) {
    let subscriber = server.join().await;
    server.publish(&["a"]).await;
    take(&*subscriber, 1).await;
    let (admin, topic, group) = (server.admin(), &server.topic, &server.group);
    let refused = admin.delete_group(topic, group).await.unwrap_err();
    assert_eq!(refused.kind(), Kind::Conflict);
    subscriber.close().await.unwrap();
    assert!(admin.delete_group(topic, group).await.unwrap());
    assert!(!admin.delete_group(topic, group).await.unwrap());
}

/// As soon as those who read it have learned that it is gone; before, they go on where they stood.
pub(crate) async fn a_topic_that_is_made_anew_is_read_from_its_beginning(server: Server) {
    let server = server.with("partitions=1").await;
    let subscriber = server.join().await;
    server.publish(&["old 0", "old 1", "old 2"]).await;
    ack(&*subscriber, &take(&*subscriber, 3).await).await;
    let admin = server.admin();
    assert!(admin.delete_topic(&server.topic).await.unwrap());
    assert_eq!(refused(&*subscriber).await, Kind::NotFound);
    subscriber.close().await.unwrap();
    let again = server.join().await;
    let new: Vec<_> = (0..10).map(|number| format!("new {number}")).collect();
    server.publish(&new).await;
    assert_eq!(bodies(&take(&*again, 10).await), new);
}

/// The error that a subscription ends with.
async fn refused(subscriber: &dyn Subscriber) -> Kind {
    let most = std::num::NonZeroUsize::MIN;
    let mut error = None;
    until("an error", async || {
        error = subscriber.receive(most, Duration::from_millis(100)).await.err();
        error.is_some()
    })
    .await;
    error.unwrap().kind()
}
