//! Topics, subscriptions and streams that are not there any more.

use std::num::NonZeroUsize;

use tokio::time::Instant;
use wingman_core::Kind;
use wingman_core::message::Message;
use wingman_core::transport::Settle;

use crate::server::{PATIENCE, QUIET, Server, ack, take};

pub(crate) async fn a_deleted_subscription_is_named_and_a_new_one_is_read(server: Server) {
    let subscriber = server.join().await;
    server.publish(&[Message::new("before")]).await;
    ack(&*subscriber, &take(&*subscriber, 1).await).await;
    let admin = server.transport.admin().unwrap();
    assert!(admin.delete_group(&server.topic, &server.group).await.unwrap());
    let (deadline, most) = (Instant::now() + PATIENCE, NonZeroUsize::MIN);
    let error = loop {
        assert!(Instant::now() < deadline, "nobody was told");
        match subscriber.receive(most, QUIET).await {
            Ok(nothing) => assert!(nothing.is_empty()),
            Err(error) => break error,
        }
    };
    assert_eq!(error.kind(), Kind::NotFound);
    assert_eq!(error.context("subscription"), Some(&*server.subscription_path()));
    let again = server.join().await;
    server.publish(&[Message::new("after")]).await;
    let read = take(&*again, 1).await;
    assert_eq!(read[0].message.payload, "after");
    ack(&*again, &read).await;
}

pub(crate) async fn a_deleted_topic_refuses_its_messages(server: Server) {
    let publisher = server.publisher().await;
    publisher.publish(&[Message::new("x")]).await.unwrap().remove(0).unwrap();
    assert!(server.transport.admin().unwrap().delete_topic(&server.topic).await.unwrap());
    let keyed =
        [Message::new("x"), Message::new("y").with_key("k"), Message::new("z").with_key("k")];
    for result in publisher.publish(&keyed).await.unwrap() {
        let error = result.unwrap_err();
        // What waited behind another of its key was not sent.
        assert!(matches!(error.kind(), Kind::NotFound | Kind::Unavailable), "{error}");
        assert_eq!(error.context("topic"), Some(server.topic.as_str()));
    }
    // The key does not stand still for good.
    server.transport.admin().unwrap().create_topic(&server.topic).await.unwrap();
    publisher.publish(&keyed[1..2]).await.unwrap().remove(0).unwrap();
}

pub(crate) async fn tokens_of_an_ended_stream_are_stale(server: Server) {
    let subscriber = server.join().await;
    server.publish(&[Message::new("x")]).await;
    let held = take(&*subscriber, 1).await;
    assert!(subscriber.holds(&held[0].token));
    let other = server.join().await;
    subscriber.close().await.unwrap();
    assert!(!subscriber.holds(&held[0].token));
    let again = take(&*other, 1).await;
    assert_eq!(again[0].position, held[0].position);
    let stale = other.settle(&[(held[0].token.clone(), Settle::Ack)]).await.unwrap().remove(0);
    assert_eq!(stale.unwrap_err().kind(), Kind::StaleLease);
    ack(&*other, &again).await;
}
