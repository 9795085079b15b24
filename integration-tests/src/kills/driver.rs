//! A transport around a driver that tells the two gaps at the broker: a batch has come in, and a
//! batch of acks was confirmed. It can be broken on purpose, so that a test shows that it sees that.

use std::any::Any;
use std::num::NonZeroUsize;
use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use wingman_core::Result;
use wingman_core::message::Message;
use wingman_core::name::{GroupName, TopicName};
use wingman_core::transport::{
    AckToken, Admin, Capabilities, Confirmed, Delivery, Product, Publisher, PublisherOptions,
    Receipt, Settle, Subscriber, SubscriberOptions, Transport,
};
use wingman_governance::ledger::{Gap, Gaps};

/// Passes everything on and tells [`Gap::Received`] and [`Gap::Acked`].
#[derive(Debug)]
pub struct AtDriver {
    /// The driver.
    pub driver: Arc<dyn Transport>,
    /// Who is told.
    pub gaps: Gaps,
    /// What it does wrong.
    pub broken: Option<Broken>,
}

/// What a driver may do wrong.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Broken {
    /// Acks what comes in before anybody has seen it, against T2.
    AcksFirst,
    /// Confirms every message and sends none, against T1.
    SendsNothing,
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
        let driver = self.driver.publisher(topic, options).await?;
        match self.broken {
            Some(Broken::SendsNothing) => Ok(Box::new(Silent(driver))),
            Some(Broken::AcksFirst) | None => Ok(driver),
        }
    }

    async fn subscriber(
        &self,
        topic: &TopicName,
        group: &GroupName,
        options: SubscriberOptions,
    ) -> Result<Box<dyn Subscriber>> {
        let driver = self.driver.subscriber(topic, group, options).await?;
        let gaps = self.gaps.clone();
        let acks_first = self.broken == Some(Broken::AcksFirst);
        Ok(Box::new(Receiving { driver, gaps, acks_first }))
    }

    fn admin(&self) -> Result<Arc<dyn Admin>> {
        self.driver.admin()
    }

    async fn ping(&self) -> Result<()> {
        self.driver.ping().await
    }

    async fn product(&self) -> Result<Product> {
        self.driver.product().await
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
    acks_first: bool,
}

#[async_trait]
impl Subscriber for Receiving {
    async fn receive(&self, max: NonZeroUsize, wait: Duration) -> Result<Vec<Delivery>> {
        let deliveries = self.driver.receive(max, wait).await?;
        if self.acks_first {
            let acks: Vec<_> =
                deliveries.iter().map(|it| (it.token.clone(), Settle::Ack)).collect();
            self.driver.settle(&acks).await?;
        }
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

    fn holds(&self, token: &AckToken) -> bool {
        // Some drivers know that it is acked; the bus would not even begin it.
        self.acks_first || self.driver.holds(token)
    }

    async fn close(&self) -> Result<()> {
        self.driver.close().await
    }
}

#[derive(Debug)]
struct Silent(Box<dyn Publisher>);

#[async_trait]
impl Publisher for Silent {
    async fn publish(&self, batch: &[Message]) -> Result<Vec<Result<Receipt>>> {
        let stored = |_| Ok(Receipt { position: None, confirmed: Confirmed::Stored });
        Ok(batch.iter().map(stored).collect())
    }

    async fn close(&self) -> Result<()> {
        self.0.close().await
    }
}
