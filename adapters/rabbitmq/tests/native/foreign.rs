//! Other programs write to the same queues, and made them.

use std::collections::BTreeMap;

use lapin::BasicProperties;
use lapin::ExchangeKind;
use lapin::options::ExchangeDeclareOptions;
use lapin::types::{AMQPValue, FieldTable};
use wingman_core::message::Message;
use wingman_core::transport::{Confirmed, Settle};

use crate::server::{Server, ack, bodies, ctl, take};

pub(crate) async fn messages_of_other_programs_are_read(server: Server) {
    let subscriber = server.join(true).await;
    let table: BTreeMap<_, _> = [("priority".into(), AMQPValue::LongInt(7))].into();
    let named = BasicProperties::default()
        .with_headers(table.into())
        .with_content_type("text/plain".into())
        .with_message_id("order-7".into());
    server.raw_publish(named, b"named").await;
    server.raw_publish(BasicProperties::default(), b"bare").await;
    let came = take(&*subscriber, 2).await;
    assert_eq!(bodies(&came), ["named", "bare"]);
    let headers = &came[0].message.headers;
    assert_eq!(headers.get_str("priority"), Some("7"));
    assert_eq!(headers.get_str("content-type"), Some("text/plain"));
    assert_eq!(headers.get_str("amqp:message-id"), Some("order-7"));
    assert!(came[1].message.headers.is_empty() && came[1].message.key.is_none());
    assert_ne!(came[0].position, came[1].position);
    let batch: Vec<_> = came.iter().map(|it| (it.token.clone(), Settle::Release)).collect();
    subscriber.settle(&batch).await.unwrap();
    let again = take(&*subscriber, 2).await;
    assert_eq!((again[0].position, again[1].position), (came[0].position, came[1].position));
    ack(&*subscriber, &again).await;
}

/// A classic queue that expires, with a binding of its own.
pub(crate) async fn a_found_queue_is_used_as_it_stands(server: Server) {
    let mut arguments = FieldTable::default();
    arguments.insert("x-message-ttl".into(), AMQPValue::LongInt(600_000));
    server.queue_of_others(arguments).await;
    let subscriber = server.join(true).await;
    // Its bindings are its owner's: it has none of ours.
    let publisher = server.publisher().await;
    let receipt = publisher.publish(&[Message::new("unheard")]).await.unwrap().remove(0).unwrap();
    assert_eq!(receipt.confirmed, Confirmed::NoGroup);
    server.raw_publish(BasicProperties::default(), b"heard").await;
    let came = take(&*subscriber, 1).await;
    assert_eq!(bodies(&came), ["heard"]);
    ack(&*subscriber, &came).await;
    let queues = ctl(&["list_queues", "name", "type", "arguments"]).await;
    let found = queues.lines().find(|line| line.contains(&server.queue())).unwrap();
    assert!(found.contains("classic") && found.contains("600000"), "{found}");
}

pub(crate) async fn a_found_exchange_is_used_as_it_stands(server: Server) {
    let (_connection, channel) = server.raw().await;
    let options = ExchangeDeclareOptions::default();
    let name = server.topic.as_str();
    channel
        .exchange_declare(name.into(), ExchangeKind::Fanout, options, FieldTable::default())
        .await
        .unwrap();
    let subscriber = server.join(true).await;
    server.publish(&["k:a"]).await;
    assert_eq!(bodies(&take(&*subscriber, 1).await), ["a"]);
    let exchanges = ctl(&["list_exchanges", "name", "type", "durable"]).await;
    let found = exchanges.lines().find(|line| line.contains(name)).unwrap();
    assert!(found.contains("fanout") && found.contains("false"), "{found}");
}
