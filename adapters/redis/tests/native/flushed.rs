//! Somebody empties the server, or deletes what we use. Each test has a database of its own.

use wingman_core::Kind;
use wingman_core::message::Message;
use wingman_core::transport::{Provision, PublisherOptions, SubscriberOptions};

use crate::server::{PATIENCE, Server, ack, bodies, rest, settle, take};

pub(crate) async fn an_ensured_group_is_created_again_and_misses_nothing(server: Server) {
    let server = server.on_database(9).await;
    let subscriber = server.join(PATIENCE * 3, true).await;
    server.publish(&["before"]).await;
    let held = take(&*subscriber, 1).await;
    let () = server.raw(&["FLUSHDB"]).await;
    // Published while there is no group: it must not be lost.
    server.publish(&["after"]).await;
    let came = take(&*subscriber, 1).await;
    assert_eq!(bodies(&came), ["after"]);
    let stale = settle(&*subscriber, &held[0], wingman_core::transport::Settle::Ack).await;
    assert_eq!(stale.unwrap_err().kind(), Kind::StaleLease);
    ack(&*subscriber, &came).await;
    assert!(rest(&*subscriber).await.is_empty());
}

/// What is beside the group stays, and must not stand in the way until its lease ends.
pub(crate) async fn a_destroyed_group_is_created_again_at_once(server: Server) {
    let subscriber = server.join(PATIENCE * 3, true).await;
    server.publish(&["a", "b"]).await;
    take(&*subscriber, 1).await;
    let (topic, group) = (server.topic.as_str(), server.group.as_str());
    let _: u64 = server.raw(&["XGROUP", "DESTROY", topic, group]).await;
    let came = take(&*subscriber, 2).await;
    assert_eq!(bodies(&came), ["a", "b"]);
    ack(&*subscriber, &came).await;
    assert!(rest(&*subscriber).await.is_empty());
}

pub(crate) async fn a_verified_group_is_named_as_missing(server: Server) {
    let server = server.on_database(10).await;
    drop(server.join(PATIENCE, true).await);
    let options =
        SubscriberOptions { provision: Provision::Verify, ..SubscriberOptions::default() };
    let subscriber =
        server.transport.subscriber(&server.topic, &server.group, options).await.unwrap();
    let () = server.raw(&["FLUSHDB"]).await;
    let most = std::num::NonZeroUsize::MIN;
    let error = subscriber.receive(most, PATIENCE).await.unwrap_err();
    assert_eq!(error.kind(), Kind::NotFound);
    assert_eq!(error.context("group"), Some("workers"));
}

pub(crate) async fn a_publisher_that_may_not_create_says_unroutable(server: Server) {
    server.publish(&["x"]).await;
    let options = PublisherOptions { provision: Provision::Verify };
    let publisher = server.transport.publisher(&server.topic, options).await.unwrap();
    assert!(server.transport.admin().unwrap().delete_topic(&server.topic).await.unwrap());
    let mut results = publisher.publish(&[Message::new("y")]).await.unwrap();
    assert_eq!(results.remove(0).unwrap_err().kind(), Kind::Unroutable);
    let exists: bool = server.raw(&["EXISTS", server.topic.as_str()]).await;
    assert!(!exists);
}
