//! Publishing: a record for each message, a confirm for each record.

use std::sync::Arc;

use async_trait::async_trait;
use wingman_core::Result;
use wingman_core::driver::{Batch, Door, lacking};
use wingman_core::message::Message;
use wingman_core::name::TopicName;
use wingman_core::transport::{Confirmed, Position, Publisher, Receipt};
use wingman_core::{Error, Kind};

use crate::transport::{Cluster, Producer};

/// Messages in one call.
pub(crate) const BATCH_MESSAGES_MAX: usize = 1_000;

#[derive(Debug)]
pub(crate) struct KafkaPublisher {
    cluster: Arc<Cluster>,
    topic: TopicName,
    door: Door,
}

impl KafkaPublisher {
    pub(crate) fn new(cluster: Arc<Cluster>, topic: TopicName) -> Self {
        Self { cluster, topic, door: Door::new("kafka publisher") }
    }

    /// After a message that the client does not take the rest is not sent: it would overtake.
    async fn send(&self, producer: &Producer, batch: &[&Message]) -> Vec<Result<Receipt>> {
        let mut sent = Vec::with_capacity(batch.len());
        let mut is_full = false;
        for message in batch {
            let one = if is_full { Err(unsent()) } else { producer.send(&self.topic, message) };
            is_full |= one.as_ref().is_err_and(|error| error.kind() == Kind::Overloaded);
            sent.push(one);
        }
        let mut results = Vec::with_capacity(sent.len());
        // The last first: once it is confirmed, so are those before it in its partition, and nobody was woken for each.
        for one in sent.into_iter().rev() {
            let confirmed = match one {
                Ok(one) => producer.confirmed(one).await,
                Err(error) => Err(error),
            };
            let receipt = confirmed.map(|(partition, offset)| receipt(partition, offset));
            results.push(receipt.map_err(|error| {
                lacking(error, format_args!("Write on topic {}", self.topic))
                    .with("topic", &self.topic)
            }));
        }
        results.reverse();
        results
    }
}

#[async_trait]
impl Publisher for KafkaPublisher {
    async fn publish(&self, batch: &[Message]) -> Result<Vec<Result<Receipt>>> {
        let _open = self.door.enter().await?;
        let _inside = self.cluster.door.enter().await?;
        let batch = Batch::within(&self.cluster.limits(), batch)?;
        let producer = self.cluster.producer().await?;
        let _room = producer.room(&batch.fitting).await?;
        let results = self.send(&producer, &batch.fitting).await;
        Ok(batch.answered(results))
    }

    async fn close(&self) -> Result<()> {
        self.door.shut();
        self.door.emptied(self.cluster.config.confirm_time()).await;
        Ok(())
    }
}

/// A record that the broker had already, from before a retry, comes without an offset.
fn receipt(partition: i32, offset: i64) -> Receipt {
    let position = u32::try_from(partition).ok().zip(u64::try_from(offset).ok());
    Receipt {
        position: position.map(|(lane, major)| Position { lane, major, minor: 0 }),
        confirmed: Confirmed::Stored,
    }
}

fn unsent() -> Error {
    Error::new(Kind::Overloaded, "the client's queue is full").during("publish")
}
