//! Redis: a pipeline of `XADD`, `XREADGROUP` and `XACK`.

use std::time::Duration;

use async_trait::async_trait;
use redis::AsyncCommands;
use redis::aio::MultiplexedConnection;
use redis::streams::{StreamReadOptions, StreamReadReply};
use wingman_core::message::Message;
use wingman_core::name::{GroupName, TopicName};
use wingman_core::transport::Transport;

use super::Raw;
use crate::consume::TAKEN_MAX;
use crate::measure::Watch;

pub(crate) struct RawRedis(MultiplexedConnection);

impl RawRedis {
    pub(crate) async fn beside(transport: &dyn Transport) -> Self {
        let client: &redis::Client = transport.native().downcast_ref().unwrap();
        Self(client.get_multiplexed_async_connection().await.unwrap())
    }
}

#[async_trait]
impl Raw for RawRedis {
    async fn publish(&self, topic: &TopicName, batch: &[Message]) {
        let mut pipeline = redis::pipe();
        for message in batch {
            let add = pipeline.cmd("XADD").arg(topic.as_str()).arg("*");
            for (name, value) in message.headers.iter() {
                add.arg(name).arg(value);
            }
            add.arg("data").arg(&message.payload[..]);
        }
        let ids: Vec<String> = pipeline.query_async(&mut self.0.clone()).await.unwrap();
        assert_eq!(ids.len(), batch.len());
    }

    async fn consume(&self, topic: &TopicName, group: &GroupName, count: usize) -> Duration {
        let (mut connection, watch, mut left) = (self.0.clone(), Watch::default(), count);
        let options = StreamReadOptions::default().group(group.as_str(), "one");
        let options = options.count(TAKEN_MAX.get());
        while left > 0 {
            let read: StreamReadReply =
                connection.xread_options(&[topic.as_str()], &[">"], &options).await.unwrap();
            watch.start();
            let entries = read.keys.into_iter().flat_map(|key| key.ids);
            let ids: Vec<String> = entries.map(|entry| entry.id).collect();
            let acked: usize = connection.xack(topic.as_str(), group.as_str(), &ids).await.unwrap();
            left -= acked;
        }
        watch.elapsed()
    }
}
