//! A queue that somebody else made, with no topic of SNS before it.

use std::collections::BTreeMap;

use aws_sdk_sqs::types::QueueAttributeName;
use wingman_core::Kind;
use wingman_core::bus::Declared;
use wingman_core::name::TopicName;
use wingman_core::transport::{Provision, PublisherOptions, Settle, SubscriberOptions};

use crate::server::{PATIENCE, Server, ack, bodies, settle, take};

async fn make(server: &Server, queue: &str) -> String {
    let mut call = server.clients().sqs.create_queue().queue_name(queue);
    call = call.attributes(QueueAttributeName::VisibilityTimeout, "77");
    call = call.attributes(QueueAttributeName::MessageRetentionPeriod, "3600");
    if queue.ends_with(".fifo") {
        call = call.attributes(QueueAttributeName::FifoQueue, "true");
    }
    call.send().await.unwrap().queue_url.unwrap()
}

/// Every setting of a queue; what counts messages is left out.
async fn settings(server: &Server, url: &str) -> BTreeMap<String, String> {
    let call = server.clients().sqs.get_queue_attributes().queue_url(url);
    let told = call.attribute_names(QueueAttributeName::All).send().await.unwrap();
    let told = told.attributes.unwrap_or_default().into_iter();
    let told = told.map(|(name, value)| (name.as_str().to_owned(), value));
    told.filter(|(name, _)| !name.starts_with("Approximate")).collect()
}

fn options(provision: Provision, ordered: bool) -> SubscriberOptions {
    SubscriberOptions { provision, ordered, lease: PATIENCE, ..SubscriberOptions::default() }
}

async fn handles(server: &Server, url: &str, topic: &TopicName, ordered: bool) {
    let before = settings(server, url).await;
    assert_eq!(before["VisibilityTimeout"], "77");
    let declared = Declared::json("Order", "/legacy");
    for (number, provision) in
        [Provision::Ensure, Provision::Verify, Provision::Never].into_iter().enumerate()
    {
        let body = format!("{{\"id\": {number}}}");
        let mut send = server.clients().sqs.send_message().queue_url(url).message_body(&body);
        if ordered {
            send = send.message_group_id("k").message_deduplication_id(number.to_string());
        }
        send.send().await.unwrap();
        let options = options(provision, ordered);
        let subscriber = server.transport.subscriber(topic, &server.group, options).await.unwrap();
        let first = take(&*subscriber, 1).await;
        assert_eq!(bodies(&first), [body]);
        let event = declared.event(topic, &first[0]).unwrap();
        settle(&*subscriber, &first[0], Settle::Release).await.unwrap();
        let again = take(&*subscriber, 1).await;
        assert_eq!(declared.event(topic, &again[0]).unwrap(), event);
        ack(&*subscriber, &again).await;
        subscriber.close().await.unwrap();
    }
    assert_eq!(settings(server, url).await, before, "what exists is never altered");
    let lag = server.transport.admin().unwrap().lag(topic, &server.group).await.unwrap();
    assert_eq!(lag, Some(0));
}

pub(crate) async fn a_queue_of_others_is_used_as_it_stands(server: Server) {
    let name = format!("{}.fifo", server.topic);
    let url = make(&server, &name).await;
    let topic = TopicName::existing(&name).unwrap();
    handles(&server, &url, &topic, true).await;
    let publisher = server.transport.publisher(&topic, PublisherOptions::default()).await;
    assert_eq!(publisher.unwrap_err().kind(), Kind::Unsupported);
}

pub(crate) async fn no_topic_is_made_for_a_queue_of_others(server: Server) {
    let name = format!("{}.fifo", server.topic);
    make(&server, &name).await;
    let topic = TopicName::existing(&name).unwrap();
    let options = options(Provision::Ensure, true);
    server.transport.subscriber(&topic, &server.group, options).await.unwrap();
    let topics = server.clients().sns.list_topics().send().await.unwrap();
    let is_of_it = |arn: &str| arn.contains(server.topic.as_str());
    assert!(!topics.topics().iter().any(|it| it.topic_arn().is_some_and(is_of_it)));
}

pub(crate) async fn a_standard_queue_is_consumed_unordered(server: Server) {
    let name = server.topic.to_string();
    let url = make(&server, &name).await;
    let topic = TopicName::existing(&name).unwrap();
    let ordered = options(Provision::Ensure, true);
    let refused = server.transport.subscriber(&topic, &server.group, ordered).await.unwrap_err();
    assert_eq!(refused.kind(), Kind::Unsupported);
    handles(&server, &url, &topic, false).await;
}

pub(crate) async fn a_queue_that_is_not_there_is_not_made(server: Server) {
    let topic = TopicName::existing(format!("{}.fifo", server.topic)).unwrap();
    for provision in [Provision::Ensure, Provision::Verify, Provision::Never] {
        let options = options(provision, true);
        let refused =
            server.transport.subscriber(&topic, &server.group, options).await.unwrap_err();
        assert_eq!(
            (refused.kind(), refused.context("topic")),
            (Kind::NotFound, Some(topic.as_str()))
        );
    }
    let admin = server.transport.admin().unwrap();
    assert_eq!(admin.inspect(&topic).await.unwrap(), None);
    assert_eq!(admin.create_topic(&topic).await.unwrap_err().kind(), Kind::Unsupported);
    assert_eq!(admin.delete_topic(&topic).await.unwrap_err().kind(), Kind::Unsupported);
    assert_eq!(
        admin.delete_group(&topic, &server.group).await.unwrap_err().kind(),
        Kind::Unsupported
    );
}
