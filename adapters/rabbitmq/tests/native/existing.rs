//! A queue that somebody else made and bound, used under its own name.

use lapin::options::{
    BasicPublishOptions, ExchangeDeclareOptions, QueueBindOptions, QueueDeclareOptions,
};
use lapin::types::{AMQPValue, FieldTable};
use lapin::{BasicProperties, ExchangeKind};
use wingman_core::Kind;
use wingman_core::bus::{Declared, Place};
use wingman_core::name::TopicName;
use wingman_core::transport::{Provision, PublisherOptions, Settle, SubscriberOptions};

use crate::server::{Server, ack, bodies, ctl, take};

/// A classic queue with settings of its own, behind a direct exchange: what `ctl` says of both.
async fn made_by_others(server: &Server, queue: &str) {
    let (connection, channel) = server.raw().await;
    let mut arguments = FieldTable::default();
    arguments.insert("x-max-priority".into(), AMQPValue::LongInt(3));
    arguments.insert("x-message-ttl".into(), AMQPValue::LongInt(600_000));
    let options = QueueDeclareOptions { durable: true, ..QueueDeclareOptions::default() };
    channel.queue_declare(queue.into(), options, arguments).await.unwrap();
    let (exchange, none) = (server.topic.as_str(), FieldTable::default());
    let options = ExchangeDeclareOptions::default();
    channel.exchange_declare(exchange.into(), ExchangeKind::Direct, options, none).await.unwrap();
    let (options, none) = (QueueBindOptions::default(), FieldTable::default());
    channel.queue_bind(queue.into(), exchange.into(), "eu".into(), options, none).await.unwrap();
    connection.close(200, "OK".into()).await.unwrap();
}

async fn publish(server: &Server, id: &str, body: &str) {
    let (connection, channel) = server.raw().await;
    let properties = BasicProperties::default().with_message_id(id.into());
    let (exchange, options) = (server.topic.as_str(), BasicPublishOptions::default());
    let sent =
        channel.basic_publish(exchange.into(), "eu".into(), options, body.as_bytes(), properties);
    sent.await.unwrap();
    connection.close(200, "OK".into()).await.unwrap();
}

/// What the server tells of this test's queues and bindings, sorted.
async fn told(server: &Server) -> Vec<String> {
    let mut lines = Vec::new();
    for words in [
        &["list_queues", "name", "type", "durable", "arguments"][..],
        &["list_bindings", "source_name", "destination_name", "routing_key"][..],
        &["list_exchanges", "name", "type", "durable"][..],
    ] {
        let all = ctl(words).await;
        lines.extend(
            all.lines().filter(|line| line.contains(server.topic.as_str())).map(str::to_owned),
        );
    }
    lines.sort();
    lines
}

pub(crate) async fn a_queue_of_others_is_used_as_it_stands(server: Server) {
    let queue = format!("shop/{}", server.topic);
    made_by_others(&server, &queue).await;
    let before = told(&server).await;
    assert!(before.iter().any(|it| it.contains("x-max-priority")), "{before:?}");
    let topic = TopicName::existing(&queue).unwrap();
    let header = |name: &str| Place::Header(name.to_owned());
    let declared = Declared::json("Order", "/legacy").id(header("amqp:message-id"));
    for provision in [Provision::Ensure, Provision::Verify, Provision::Never] {
        publish(&server, "order-7", "{\"id\": 7}").await;
        let options = SubscriberOptions { provision, ..SubscriberOptions::default() };
        let subscriber = server.transport.subscriber(&topic, &server.group, options).await.unwrap();
        let first = take(&*subscriber, 1).await;
        assert_eq!(bodies(&first), ["{\"id\": 7}"]);
        let event = declared.event(&topic, &first[0]).unwrap();
        assert_eq!((event.id(), event.ty()), ("order-7", "Order"));
        // Over a new channel, too.
        let release = [(first[0].token.clone(), Settle::Release)];
        subscriber.settle(&release).await.unwrap().remove(0).unwrap();
        subscriber.close().await.unwrap();
        let next = server.transport.subscriber(&topic, &server.group, options).await.unwrap();
        let again = take(&*next, 1).await;
        assert_eq!(declared.event(&topic, &again[0]).unwrap(), event);
        ack(&*next, &again).await;
        next.close().await.unwrap();
    }
    assert_eq!(told(&server).await, before, "nothing was declared, bound or made beside it");
    let publisher = server.transport.publisher(&topic, PublisherOptions::default()).await;
    assert_eq!(publisher.unwrap_err().kind(), Kind::Unsupported);
}

pub(crate) async fn a_queue_that_is_not_there_is_not_made(server: Server) {
    let topic = TopicName::existing(server.topic.as_str()).unwrap();
    for provision in [Provision::Ensure, Provision::Verify, Provision::Never] {
        let options = SubscriberOptions { provision, ..SubscriberOptions::default() };
        let refused =
            server.transport.subscriber(&topic, &server.group, options).await.unwrap_err();
        assert_eq!(
            (refused.kind(), refused.context("topic")),
            (Kind::NotFound, Some(topic.as_str()))
        );
    }
    let admin = server.transport.admin().unwrap();
    assert_eq!(admin.create_topic(&topic).await.unwrap_err().kind(), Kind::Unsupported);
    assert_eq!(admin.delete_topic(&topic).await.unwrap_err().kind(), Kind::Unsupported);
    assert_eq!(
        admin.delete_group(&topic, &server.group).await.unwrap_err().kind(),
        Kind::Unsupported
    );
    assert_eq!(told(&server).await, [""; 0]);
}
