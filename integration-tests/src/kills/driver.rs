//! A transport around a driver that tells the two gaps at the broker: a batch has come in, and a
//! batch of acks was confirmed.

use std::any::Any;
use std::num::NonZeroUsize;
use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use wingman_core::Result;
use wingman_core::name::{GroupName, TopicName};
use wingman_core::transport::{
    AckToken, Admin, Capabilities, Delivery, Publisher, PublisherOptions, Settle, Subscriber,
    SubscriberOptions, Transport,
};
use wingman_governance::ledger::{Gap, Gaps};

/// Passes everything on and tells [`Gap::Received`] and [`Gap::Acked`].
#[derive(Debug)]
pub struct AtDriver {
    /// The driver.
    pub driver: Arc<dyn Transport>,
    /// Who is told.
    pub gaps: Gaps,
}

#[async_trait]
impl Transport for AtDriver {
    fn capabilities(&self) -> Capabilities {
        self.driver.capabilities()
    }

    async fn publisher(
        &self,
        topic: &TopicName,
        options: PublisherOptions,
    ) -> Result<Box<dyn Publisher>> {
        self.driver.publisher(topic, options).await
    }

    async fn subscriber(
        &self,
        topic: &TopicName,
        group: &GroupName,
        options: SubscriberOptions,
    ) -> Result<Box<dyn Subscriber>> {
        let driver = self.driver.subscriber(topic, group, options).await?;
        let gaps = self.gaps.clone();
        Ok(Box::new(Receiving { driver, gaps }))
    }

    fn admin(&self) -> Result<Arc<dyn Admin>> {
        self.driver.admin()
    }

    async fn ping(&self) -> Result<()> {
        self.driver.ping().await
    }

    async fn close(&self) -> Result<()> {
        self.driver.close().await
    }

    fn native(&self) -> &dyn Any {
        self.driver.native()
    }
}

#[derive(Debug)]
struct Receiving {
    driver: Box<dyn Subscriber>,
    gaps: Gaps,
}

#[async_trait]
impl Subscriber for Receiving {
    async fn receive(&self, max: NonZeroUsize, wait: Duration) -> Result<Vec<Delivery>> {
        let deliveries = self.driver.receive(max, wait).await?;
        if !deliveries.is_empty() {
            self.gaps.reached(Gap::Received);
        }
        Ok(deliveries)
    }

    async fn settle(&self, batch: &[(AckToken, Settle)]) -> Result<Vec<Result<()>>> {
        let results = self.driver.settle(batch).await?;
        let mut settled = batch.iter().zip(&results);
        if settled.any(|((_, how), result)| *how == Settle::Ack && result.is_ok()) {
            self.gaps.reached(Gap::Acked);
        }
        Ok(results)
    }

    async fn extend(&self, tokens: &[AckToken], by: Duration) -> Result<Vec<Result<()>>> {
        self.driver.extend(tokens, by).await
    }

    async fn close(&self) -> Result<()> {
        self.driver.close().await
    }
}
