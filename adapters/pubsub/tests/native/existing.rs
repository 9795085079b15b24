//! A subscription that somebody else made, used under its own name.

use google_cloud_pubsub::model::{Message as Native, Subscription};
use wingman_core::Kind;
use wingman_core::bus::Declared;
use wingman_core::name::TopicName;
use wingman_core::transport::{Provision, PublisherOptions, Settle, SubscriberOptions};

use crate::server::{Server, ack, take};

async fn make(server: &Server, id: &str, is_ordered: bool) -> TopicName {
    server.transport.admin().unwrap().create_topic(&server.topic).await.unwrap();
    let create = server.raw_subscriptions().await.create_subscription();
    let create = create.set_name(path(id)).set_topic(server.topic_path());
    let create = create.set_ack_deadline_seconds(17).set_enable_message_ordering(is_ordered);
    create.send().await.unwrap();
    TopicName::existing(id).unwrap()
}

fn path(id: &str) -> String {
    format!("projects/wingman/subscriptions/{id}")
}

async fn told(server: &Server, id: &str) -> Subscription {
    let raw = server.raw_subscriptions().await;
    raw.get_subscription().set_subscription(path(id)).send().await.unwrap()
}

async fn handles(server: &Server, topic: &TopicName, ordered: bool) {
    let before = told(server, topic.as_str()).await;
    assert_eq!(before.ack_deadline_seconds, 17);
    let client = server.raw_publisher().await.publisher(server.topic_path()).build();
    let declared = Declared::json("Order", "/legacy");
    for provision in [Provision::Ensure, Provision::Verify, Provision::Never] {
        client.publish(Native::new().set_data("{\"id\": 7}")).await.unwrap();
        let options = SubscriberOptions { provision, ordered, ..SubscriberOptions::default() };
        let subscriber = server.transport.subscriber(topic, &server.group, options).await.unwrap();
        let first = take(&*subscriber, 1).await;
        let event = declared.event(topic, &first[0]).unwrap();
        assert_eq!(event.data.as_deref(), Some(&b"{\"id\": 7}"[..]));
        let release = [(first[0].token.clone(), Settle::Release)];
        subscriber.settle(&release).await.unwrap().remove(0).unwrap();
        let again = take(&*subscriber, 1).await;
        assert_eq!(declared.event(topic, &again[0]).unwrap(), event);
        ack(&*subscriber, &again).await;
        subscriber.close().await.unwrap();
    }
    assert_eq!(told(server, topic.as_str()).await, before, "what exists is never altered");
    let info = server.transport.admin().unwrap().inspect(&server.topic).await.unwrap().unwrap();
    assert_eq!(info.groups, Some(Vec::new()), "no group was made beside it");
}

pub(crate) async fn a_subscription_of_others_is_used_as_it_stands(server: Server) {
    let topic =
        make(&server, &format!("team~{}", server.topic.as_str().replace('.', "+")), true).await;
    handles(&server, &topic, true).await;
    let publisher = server.transport.publisher(&topic, PublisherOptions::default()).await;
    assert_eq!(publisher.unwrap_err().kind(), Kind::Unsupported);
}

pub(crate) async fn a_subscription_without_order_is_consumed_unordered(server: Server) {
    let topic = make(&server, &format!("team-{}", server.topic), false).await;
    for provision in [Provision::Ensure, Provision::Verify] {
        let options = SubscriberOptions { provision, ..SubscriberOptions::default() };
        let refused =
            server.transport.subscriber(&topic, &server.group, options).await.unwrap_err();
        assert_eq!(refused.kind(), Kind::Unsupported);
    }
    handles(&server, &topic, false).await;
}

pub(crate) async fn a_subscription_that_is_not_there_is_not_made(server: Server) {
    let topic = TopicName::existing(server.topic.as_str()).unwrap();
    for provision in [Provision::Ensure, Provision::Verify] {
        let options = SubscriberOptions { provision, ..SubscriberOptions::default() };
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
