//! The raw clients: what somebody writes with the client library alone, with the adapter's settings,
//! for the same payload, headers, confirms and acks.

mod kafka;
mod pubsub;
mod rabbitmq;
mod redis;
mod sns_sqs;

use std::time::Duration;

use async_trait::async_trait;
use wingman_core::message::Message;
use wingman_core::name::{GroupName, TopicName};
use wingman_core::transport::Transport;

#[async_trait]
pub(crate) trait Raw: Send + Sync {
    /// Publishes a batch; returns once the broker confirmed each.
    async fn publish(&self, topic: &TopicName, batch: &[Message]);

    /// Consumes and acks so many; returns how long it took, from the first on.
    async fn consume(&self, topic: &TopicName, group: &GroupName, count: usize) -> Duration;

    /// The same, each message made one that outlives what was fetched, as a batch of them has to be
    /// that is handed on. Most clients make such by themselves.
    async fn consume_to_keep(
        &self,
        topic: &TopicName,
        group: &GroupName,
        count: usize,
    ) -> Duration {
        self.consume(topic, group, count).await
    }

    /// Whether the client only lends its messages, so that keeping one is another thing.
    fn lends(&self) -> bool {
        false
    }
}

/// The raw client for a transport, where its broker has one.
pub(crate) async fn beside(url: &str, transport: &dyn Transport) -> Option<Box<dyn Raw>> {
    match transport.capabilities().backend {
        "redis" => Some(Box::new(redis::RawRedis::beside(transport).await)),
        "kafka" => Some(Box::new(kafka::RawKafka::new(url))),
        "pubsub" => Some(Box::new(pubsub::RawPubsub::new(url))),
        "rabbitmq" => Some(Box::new(rabbitmq::RawRabbit::beside(transport).await)),
        "sns-sqs" => Some(Box::new(sns_sqs::RawSnsSqs::beside(url, transport))),
        _ => None,
    }
}
