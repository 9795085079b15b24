//! Queues and topics go away while they are used.

use std::num::NonZeroUsize;

use wingman_core::Kind;
use wingman_core::transport::{Provision, Settle, SubscriberOptions};

use crate::server::{PATIENCE, QUIET, Server, ack, bodies, messages, settle, take};

async fn delete_queue(server: &Server) {
    let url = server.queue_url().await;
    server.clients().sqs.delete_queue().queue_url(url).send().await.unwrap();
}

pub(crate) async fn an_ensured_queue_is_made_again(server: Server) {
    let subscriber = server.join(PATIENCE).await;
    server.publish(&["a"]).await;
    let held = take(&*subscriber, 1).await;
    delete_queue(&server).await;
    let most = NonZeroUsize::MIN;
    assert!(subscriber.receive(most, QUIET).await.unwrap().is_empty());
    assert!(!subscriber.holds(&held[0].token));
    let late = settle(&*subscriber, &held[0], Settle::Ack).await.unwrap_err();
    assert_eq!(late.kind(), Kind::StaleLease);
    server.publish(&["b"]).await;
    let taken = take(&*subscriber, 1).await;
    assert_eq!(bodies(&taken), ["b"]);
    ack(&*subscriber, &taken).await;
}

pub(crate) async fn a_verified_queue_is_named_as_missing(server: Server) {
    drop(server.join(PATIENCE).await);
    let options =
        SubscriberOptions { provision: Provision::Verify, ..SubscriberOptions::default() };
    let subscriber = server.join_with(options).await;
    delete_queue(&server).await;
    let error = subscriber.receive(NonZeroUsize::MIN, QUIET).await.unwrap_err();
    assert_eq!(error.kind(), Kind::NotFound);
    assert_eq!(error.context("group"), Some(server.group.as_str()));
    assert_eq!(error.context("topic"), Some(server.topic.as_str()));
}

pub(crate) async fn a_publisher_without_its_topic_says_unroutable(server: Server) {
    let publisher = server.publisher().await;
    let sns = &server.clients().sns;
    sns.delete_topic().topic_arn(server.topic_arn()).send().await.unwrap();
    let refused = publisher.publish(&messages(&["a"])).await.unwrap().remove(0).unwrap_err();
    assert_eq!(refused.kind(), Kind::Unroutable);
    assert_eq!(refused.context("topic"), Some(server.topic.as_str()));
}

pub(crate) async fn deleting_a_topic_leaves_the_queues_of_others(server: Server) {
    drop(server.join(PATIENCE).await);
    let clients = server.clients();
    let others = format!("{}-others.fifo", server.topic);
    let fifo = aws_sdk_sqs::types::QueueAttributeName::FifoQueue;
    let made = clients.sqs.create_queue().queue_name(&others).attributes(fifo, "true");
    let url = made.send().await.unwrap().queue_url.unwrap();
    let arn = server.queue_arn().replace(&server.queue(), &others);
    let call = clients.sns.subscribe().topic_arn(server.topic_arn()).protocol("sqs");
    call.endpoint(arn).send().await.unwrap();
    let admin = server.transport.admin().unwrap();
    let groups = admin.inspect(&server.topic).await.unwrap().unwrap().groups;
    assert_eq!(groups, std::slice::from_ref(&server.group));
    assert!(admin.delete_topic(&server.topic).await.unwrap());
    let left = clients.sqs.get_queue_url().queue_name(&others).send().await.unwrap();
    assert!(left.queue_url.is_some());
    let own = clients.sqs.get_queue_url().queue_name(server.queue()).send().await;
    assert!(own.is_err(), "the group's queue is gone");
    clients.sqs.delete_queue().queue_url(url).send().await.unwrap();
}
