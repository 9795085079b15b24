//! Brokers that are slow, or keep nothing that nobody listens to.

use std::any::Any;
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Arc, Mutex};

use async_trait::async_trait;
use tokio::sync::Semaphore;
use wingman_core::Result;
use wingman_core::message::Message;
use wingman_core::name::{GroupName, TopicName};
use wingman_core::transport::{
    Admin, Capabilities, Confirmed, Product, Publisher, PublisherOptions, Receipt, Subscriber,
    SubscriberOptions, Support, Transport,
};

use crate::world::World;

/// The memory broker, and what else some do.
#[derive(Debug)]
pub(crate) struct Broker {
    pub(crate) driver: Arc<dyn Transport>,
    /// Nobody subscribes until it opens.
    pub(crate) gate: Option<Arc<Semaphore>>,
    /// What is published while nobody listens to a topic is gone.
    pub(crate) silence: Option<Arc<Silence>>,
}

/// Topics that nobody listens to.
#[derive(Debug, Default)]
pub(crate) struct Silence {
    pub(crate) topic: Mutex<Option<&'static str>>,
    /// What was published there.
    pub(crate) unheard: AtomicU32,
}

impl Broker {
    pub(crate) fn over(world: &World) -> Self {
        Self { driver: world.transport.connect(), gate: None, silence: None }
    }
}

#[async_trait]
impl Transport for Broker {
    fn capabilities(&self) -> Capabilities {
        let capabilities = self.driver.capabilities();
        match &self.silence {
            Some(_) => Capabilities { replay: Support::Unsupported, ..capabilities },
            None => capabilities,
        }
    }

    async fn publisher(
        &self,
        topic: &TopicName,
        options: PublisherOptions,
    ) -> Result<Box<dyn Publisher>> {
        let driver = self.driver.publisher(topic, options).await?;
        Ok(match &self.silence {
            Some(silence) => {
                Box::new(Speaker { driver, topic: topic.clone(), silence: Arc::clone(silence) })
            }
            None => driver,
        })
    }

    async fn subscriber(
        &self,
        topic: &TopicName,
        group: &GroupName,
        options: SubscriberOptions,
    ) -> Result<Box<dyn Subscriber>> {
        if let Some(gate) = &self.gate {
            let _open = gate.acquire().await.expect("the gate is never closed");
        }
        self.driver.subscriber(topic, group, options).await
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

/// A publisher to a topic that may have no listener.
#[derive(Debug)]
struct Speaker {
    driver: Box<dyn Publisher>,
    topic: TopicName,
    silence: Arc<Silence>,
}

#[async_trait]
impl Publisher for Speaker {
    async fn publish(&self, batch: &[Message]) -> Result<Vec<Result<Receipt>>> {
        if *self.silence.topic.lock().unwrap() != Some(self.topic.as_str()) {
            return self.driver.publish(batch).await;
        }
        self.silence.unheard.fetch_add(1, Ordering::SeqCst);
        let gone = || Receipt { position: None, confirmed: Confirmed::NoGroup };
        Ok(batch.iter().map(|_| Ok(gone())).collect())
    }

    async fn close(&self) -> Result<()> {
        self.driver.close().await
    }
}
