//! A broker that takes no large dead letters, whatever it takes of other messages.

use std::any::Any;
use std::sync::Arc;

use async_trait::async_trait;
use wingman_core::bus::dead_letter;
use wingman_core::message::Message;
use wingman_core::name::{GroupName, TopicName};
use wingman_core::transport::{
    Admin, Capabilities, Product, Publisher, PublisherOptions, Receipt, Subscriber,
    SubscriberOptions, Transport,
};
use wingman_core::{Error, Kind, Result};

/// A connection on which dead letters have at most this many bytes.
pub(crate) fn letters(transport: Arc<dyn Transport>, bytes_max: usize) -> Arc<dyn Transport> {
    Arc::new(Narrow { transport, bytes_max })
}

#[derive(Debug)]
struct Narrow {
    transport: Arc<dyn Transport>,
    bytes_max: usize,
}

#[async_trait]
impl Transport for Narrow {
    fn capabilities(&self) -> Capabilities {
        self.transport.capabilities()
    }

    async fn publisher(
        &self,
        topic: &TopicName,
        options: PublisherOptions,
    ) -> Result<Box<dyn Publisher>> {
        let publisher = self.transport.publisher(topic, options).await?;
        Ok(Box::new(NarrowPublisher { publisher, bytes_max: self.bytes_max }))
    }

    async fn subscriber(
        &self,
        topic: &TopicName,
        group: &GroupName,
        options: SubscriberOptions,
    ) -> Result<Box<dyn Subscriber>> {
        self.transport.subscriber(topic, group, options).await
    }

    fn admin(&self) -> Result<Arc<dyn Admin>> {
        self.transport.admin()
    }

    async fn ping(&self) -> Result<()> {
        self.transport.ping().await
    }

    async fn product(&self) -> Result<Product> {
        self.transport.product().await
    }

    async fn close(&self) -> Result<()> {
        self.transport.close().await
    }

    fn native(&self) -> &dyn Any {
        self.transport.native()
    }
}

#[derive(Debug)]
struct NarrowPublisher {
    publisher: Box<dyn Publisher>,
    bytes_max: usize,
}

#[async_trait]
impl Publisher for NarrowPublisher {
    async fn publish(&self, batch: &[Message]) -> Result<Vec<Result<Receipt>>> {
        let mut results = Vec::with_capacity(batch.len());
        for message in batch {
            if dead_letter::is_one(message) && message.size_bytes() > self.bytes_max {
                let why = "the broker takes no dead letter of this size";
                results.push(Err(Error::new(Kind::Oversize, why)));
            } else {
                results.extend(self.publisher.publish(std::slice::from_ref(message)).await?);
            }
        }
        Ok(results)
    }

    async fn close(&self) -> Result<()> {
        self.publisher.close().await
    }
}
