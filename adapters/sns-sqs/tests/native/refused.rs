//! What goes wrong has a kind.

use std::time::Duration;

use aws_sdk_sqs::types::QueueAttributeName;
use wingman_core::Kind;
use wingman_core::transport::{Provision, PublisherOptions, Settle, SubscriberOptions};

use crate::server::{PATIENCE, Server, rest, settle, take};

pub(crate) async fn a_settle_batch_names_the_entry_that_the_service_refused(server: Server) {
    let subscriber = server.join(PATIENCE * 3).await;
    server.publish(&["a", "b", "c"]).await;
    let taken = take(&*subscriber, 3).await;
    let call = server.clients().sqs.delete_message().queue_url(server.queue_url().await);
    let handle = taken[1].token.handle.as_deref().unwrap();
    call.receipt_handle(handle).send().await.unwrap();
    let batch: Vec<_> = taken.iter().map(|it| (it.token.clone(), Settle::Ack)).collect();
    let results = subscriber.settle(&batch).await.unwrap();
    let kinds: Vec<_> = results.iter().map(|it| it.as_ref().err().map(|it| it.kind())).collect();
    assert_eq!(kinds, [None, Some(Kind::StaleLease), None]);
    assert!(rest(&*subscriber).await.is_empty());
}

/// SQS itself deletes as often as it is told to, and says each time that it did.
pub(crate) async fn a_hand_over_named_twice_is_settled_once(server: Server) {
    let subscriber = server.join(PATIENCE * 3).await;
    server.publish(&["a"]).await;
    let held = take(&*subscriber, 1).await.remove(0);
    let batch = [(held.token.clone(), Settle::Release), (held.token.clone(), Settle::Ack)];
    let results = subscriber.settle(&batch).await.unwrap();
    let kinds: Vec<_> = results.iter().map(|it| it.as_ref().err().map(|it| it.kind())).collect();
    assert_eq!(kinds, [None, Some(Kind::StaleLease)]);
    let again = take(&*subscriber, 1).await.remove(0);
    settle(&*subscriber, &again, Settle::Ack).await.unwrap();
}

pub(crate) async fn another_region_is_another_place(server: Server) {
    server.publisher().await;
    let elsewhere = server.url.replace("us-east-1", "eu-west-1");
    let transport = wingman_sns_sqs::connect(&elsewhere).await.unwrap();
    let options = PublisherOptions { provision: Provision::Verify };
    let error = transport.publisher(&server.topic, options).await.unwrap_err();
    assert_eq!(error.kind(), Kind::NotFound);
    server.transport.publisher(&server.topic, options).await.unwrap();
}

pub(crate) async fn without_an_account_the_credentials_say_it(server: Server) {
    server.publisher().await;
    let url = server.url.replace("&account=000000000000", "");
    assert_ne!(url, server.url);
    let transport = wingman_sns_sqs::connect(&url).await.unwrap();
    let options = PublisherOptions { provision: Provision::Verify };
    transport.publisher(&server.topic, options).await.unwrap();
}

pub(crate) async fn a_queue_that_does_not_let_the_topic_send_is_named(server: Server) {
    server.publisher().await;
    let call = server.clients().sqs.create_queue().queue_name(server.queue());
    call.attributes(QueueAttributeName::FifoQueue, "true").send().await.unwrap();
    let options = SubscriberOptions::default();
    let opened = server.transport.subscriber(&server.topic, &server.group, options).await;
    let error = opened.unwrap_err();
    assert_eq!(error.kind(), Kind::Conflict);
    assert_eq!(error.context("source_arn"), Some(&*server.topic_arn()));
}

pub(crate) async fn what_the_service_cannot_do_is_unsupported(server: Server) {
    const TOO_LONG: Duration = Duration::from_secs(12 * 3_600 + 1);
    let options = SubscriberOptions { lease: TOO_LONG, ..SubscriberOptions::default() };
    let opened = server.transport.subscriber(&server.topic, &server.group, options).await;
    assert_eq!(opened.unwrap_err().kind(), Kind::Unsupported);
    let subscriber = server.join(PATIENCE * 3).await;
    server.publish(&["a"]).await;
    let held = take(&*subscriber, 1).await.remove(0);
    let after = TOO_LONG;
    let refused = settle(&*subscriber, &held, Settle::Retry { after }).await.unwrap_err();
    assert_eq!(refused.kind(), Kind::Unsupported);
    settle(&*subscriber, &held, Settle::Ack).await.unwrap();
    let standard = server.with("fifo=false").await;
    let ordered = SubscriberOptions { ordered: true, ..SubscriberOptions::default() };
    let opened = standard.transport.subscriber(&standard.topic, &standard.group, ordered).await;
    assert_eq!(opened.unwrap_err().kind(), Kind::Unsupported);
}
