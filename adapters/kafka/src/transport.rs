//! The transport: what it can do, and opening publishers and subscribers on it.

mod admission;
mod asking;
mod certificate;
mod cluster;
mod ending;
mod producer;

use std::any::Any;
use std::sync::Arc;

use async_trait::async_trait;
use wingman_core::driver::{provision_group, provision_topic};
use wingman_core::name::{GroupName, TopicName};
use wingman_core::transport::{
    Admin, Capabilities, Product, Publisher, PublisherOptions, Subscriber, SubscriberOptions,
    Support, Transport,
};
use wingman_core::{Result, Retry};

pub(crate) use self::admission::Knock;
pub(crate) use self::asking::{Asking, log};
pub(crate) use self::cluster::Cluster;
pub(crate) use self::producer::Producer;
use crate::admin::KafkaAdmin;
use crate::config::Config;
use crate::publisher::KafkaPublisher;
use crate::subscriber::{KafkaSubscriber, Opening};

/// Opens the transport that a URL names; see [`Config::from_url`].
///
/// A cluster that cannot be reached is no error: what is opened on the transport is `Unavailable`
/// until it can.
///
/// # Errors
/// - [`wingman_core::Kind::Configuration`]: the URL is wrong, or the client refuses a setting.
/// - [`wingman_core::Kind::Unauthenticated`]: the brokers do not accept the credentials, or TLS
///   does not come about.
pub async fn connect(url: &str) -> Result<Arc<dyn Transport>> {
    connect_with(Config::from_url(url)?).await
}

/// Opens a transport; see [`connect`].
///
/// # Errors
/// Those of [`connect`].
pub async fn connect_with(config: Config) -> Result<Arc<dyn Transport>> {
    config.check()?;
    let cluster = Arc::new(Cluster::new(config)?);
    match cluster.ping().await {
        Ok(()) => {}
        Err(error) if error.retry() != Retry::Permanent => {
            tracing::warn!(%error, "Kafka cannot be reached yet; it is tried again when it is used");
        }
        Err(error) => return Err(error),
    }
    Ok(Arc::new(KafkaTransport(cluster)))
}

#[derive(Debug)]
struct KafkaTransport(Arc<Cluster>);

#[async_trait]
impl Transport for KafkaTransport {
    fn capabilities(&self) -> Capabilities {
        Capabilities {
            backend: "kafka",
            order_by_key: Support::Native,
            delayed_retry: Support::Emulated,
            attempt_count: Support::Emulated,
            dead_letter: Support::Unsupported,
            lease_extension: Support::Unsupported,
            replay: Support::Native,
            transactions: Support::Unsupported,
            admin: Support::Native,
            lag: Support::Native,
            no_group_reported: Support::Unsupported,
            stable_position: Support::Native,
            groups_of_existing: Support::Native,
            survives_restart: true,
            limits: self.0.limits(),
        }
    }

    async fn publisher(
        &self,
        topic: &TopicName,
        options: PublisherOptions,
    ) -> Result<Box<dyn Publisher>> {
        provision_topic(&KafkaAdmin::new(self.0.clone()), topic, options.provision).await?;
        let _inside = self.0.door.enter().await?;
        Ok(Box::new(KafkaPublisher::new(self.0.clone(), topic.clone())))
    }

    async fn subscriber(
        &self,
        topic: &TopicName,
        group: &GroupName,
        options: SubscriberOptions,
    ) -> Result<Box<dyn Subscriber>> {
        provision_group(&KafkaAdmin::new(self.0.clone()), topic, group, &options).await?;
        let _inside = self.0.door.enter().await?;
        let (topic, group, ordered) = (topic.clone(), group.clone(), options.ordered);
        let open = move |cluster: Arc<Cluster>| {
            KafkaSubscriber::open(cluster, Opening { topic, group, ordered })
        };
        let subscriber = self.0.block_on(open).await?;
        self.0.seats.add(subscriber.seat());
        Ok(Box::new(subscriber))
    }

    fn admin(&self) -> Result<Arc<dyn Admin>> {
        Ok(Arc::new(KafkaAdmin::new(self.0.clone())))
    }

    async fn ping(&self) -> Result<()> {
        let _inside = self.0.door.enter().await?;
        self.0.ping().await
    }

    /// The protocol tells no version of a broker.
    async fn product(&self) -> Result<Product> {
        let _inside = self.0.door.enter().await?;
        self.0.product().await
    }

    async fn close(&self) -> Result<()> {
        self.0.close().await;
        Ok(())
    }

    /// A [`rdkafka::ClientConfig`], from which any client of the library can be made.
    fn native(&self) -> &dyn Any {
        self.0.native()
    }
}
