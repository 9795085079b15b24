//! RabbitMQ: lapin, persistent and mandatory messages with confirms, and one ack for each batch.

use std::time::Duration;

use async_trait::async_trait;
use futures_util::StreamExt;
use lapin::options::{
    BasicAckOptions, BasicConsumeOptions, BasicPublishOptions, BasicQosOptions,
    ConfirmSelectOptions,
};
use lapin::types::{AMQPValue, FieldTable};
use lapin::uri::AMQPUri;
use lapin::{BasicProperties, Channel, Connection, ConnectionProperties};
use wingman_core::message::Message;
use wingman_core::name::{GroupName, TopicName};
use wingman_core::transport::Transport;

use super::Raw;
use crate::consume::TAKEN_MAX;
use crate::measure::Watch;

pub(crate) struct RawRabbit {
    connection: Connection,
    publishing: Channel,
}

impl RawRabbit {
    pub(crate) async fn beside(transport: &dyn Transport) -> Self {
        let uri: &AMQPUri = transport.native().downcast_ref().unwrap();
        let properties = ConnectionProperties::default();
        let connection = Connection::connect_uri(uri.clone(), properties).await.unwrap();
        let publishing = connection.create_channel().await.unwrap();
        publishing.confirm_select(ConfirmSelectOptions::default()).await.unwrap();
        Self { connection, publishing }
    }
}

#[async_trait]
impl Raw for RawRabbit {
    async fn publish(&self, topic: &TopicName, batch: &[Message]) {
        let options = BasicPublishOptions { mandatory: true, ..BasicPublishOptions::default() };
        let mut confirms = Vec::with_capacity(batch.len());
        for message in batch {
            let mut headers = FieldTable::default();
            for (name, value) in message.headers.iter() {
                let text = String::from_utf8(value.to_vec()).unwrap();
                headers.insert(name.into(), AMQPValue::LongString(text.into()));
            }
            let properties = BasicProperties::default()
                .with_delivery_mode(2)
                .with_content_type("application/json".into())
                .with_headers(headers);
            let (exchange, key) = (topic.as_str().into(), "".into());
            let sent =
                self.publishing.basic_publish(exchange, key, options, &message.payload, properties);
            confirms.push(sent.await.unwrap());
        }
        for confirm in confirms {
            assert!(confirm.await.unwrap().is_ack());
        }
    }

    async fn consume(&self, topic: &TopicName, group: &GroupName, count: usize) -> Duration {
        let channel = self.connection.create_channel().await.unwrap();
        let prefetch = wingman_rabbitmq::Config::default().prefetch;
        channel.basic_qos(prefetch, BasicQosOptions::default()).await.unwrap();
        let queue = format!("{group}@{topic}");
        let (options, none) = (BasicConsumeOptions::default(), FieldTable::default());
        let consumer = channel.basic_consume(queue.into(), "".into(), options, none).await.unwrap();
        let (mut consumer, watch) = (consumer.ready_chunks(TAKEN_MAX.get()), Watch::default());
        let mut left = count;
        while left > 0 {
            let batch = consumer.next().await.unwrap();
            watch.start();
            left -= batch.len();
            let last = batch.into_iter().next_back().unwrap().unwrap();
            last.ack(BasicAckOptions { multiple: true }).await.unwrap();
        }
        let took = watch.elapsed();
        channel.close(200, "OK".into()).await.unwrap();
        took
    }
}
