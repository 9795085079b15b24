//! The transport: what it can do, and opening publishers and subscribers on it.

mod link;
mod names;

use std::any::Any;
use std::sync::Arc;

use async_trait::async_trait;
use wingman_core::driver::{provision_group, provision_topic, published_elsewhere};
use wingman_core::name::{GroupName, TopicName};
use wingman_core::transport::{
    Admin, Capabilities, Product, Provision, Publisher, PublisherOptions, Subscriber,
    SubscriberOptions, Support, Transport,
};
use wingman_core::{Error, Kind, Result, Retry};

pub(crate) use self::link::Link;
pub(crate) use self::names::{group_of, subscription_path, topic_path};
use crate::admin::{PubsubAdmin, ping, team_subscription};
use crate::config::Config;
use crate::publisher::PubsubPublisher;
use crate::subscriber::PubsubSubscriber;

/// Opens the transport that a URL names; see [`Config::from_url`].
///
/// A service that cannot be reached is no error: what is opened on the transport is `Unavailable`
/// until it can.
///
/// # Errors
/// - [`Kind::Configuration`]: the URL is wrong, or the client refuses a setting.
/// - [`Kind::Unauthenticated`]: there are no credentials, or the service does not accept them.
pub async fn connect(url: &str) -> Result<Arc<dyn Transport>> {
    connect_with(Config::from_url(url)?).await
}

/// Opens a transport; see [`connect`].
///
/// # Errors
/// Those of [`connect`].
pub async fn connect_with(config: Config) -> Result<Arc<dyn Transport>> {
    config.check()?;
    let link = Arc::new(Link::new(config));
    match ping(&link).await {
        Ok(()) => {}
        // What these credentials may do is found out where it is needed.
        Err(error) if error.retry() != Retry::Permanent || error.kind() == Kind::Forbidden => {
            tracing::warn!(%error, "Pub/Sub cannot be reached yet; it is tried again when it is used");
        }
        Err(error) => return Err(error),
    }
    Ok(Arc::new(PubsubTransport(link)))
}

/// A subscription keeps order only if it was made to.
async fn check_order(link: &Link, topic: &TopicName) -> Result<()> {
    match team_subscription(link, topic).await? {
        Some(told) if !told.enable_message_ordering => {
            let why = "the subscription was made without message ordering: subscribe unordered";
            Err(Error::new(Kind::Unsupported, why).with("subscription", topic))
        }
        Some(_) | None => Ok(()),
    }
}

#[derive(Debug)]
struct PubsubTransport(Arc<Link>);

#[async_trait]
impl Transport for PubsubTransport {
    fn capabilities(&self) -> Capabilities {
        Capabilities {
            backend: "pubsub",
            order_by_key: Support::Native,
            delayed_retry: Support::Emulated,
            attempt_count: Support::Emulated,
            dead_letter: Support::Unsupported,
            lease_extension: Support::Unsupported,
            replay: Support::Unsupported,
            transactions: Support::Unsupported,
            admin: Support::Native,
            lag: Support::Unsupported,
            no_group_reported: Support::Unsupported,
            stable_position: Support::Native,
            groups_of_existing: Support::Unsupported,
            // The emulator keeps everything in memory.
            survives_restart: self.0.config.emulator.is_none(),
            limits: self.0.limits(),
        }
    }

    async fn publisher(
        &self,
        topic: &TopicName,
        options: PublisherOptions,
    ) -> Result<Box<dyn Publisher>> {
        published_elsewhere(topic)?;
        provision_topic(&PubsubAdmin::new(self.0.clone()), topic, options.provision).await?;
        let _inside = self.0.door.enter().await?;
        Ok(Box::new(PubsubPublisher::new(self.0.clone(), topic.clone())))
    }

    async fn subscriber(
        &self,
        topic: &TopicName,
        group: &GroupName,
        options: SubscriberOptions,
    ) -> Result<Box<dyn Subscriber>> {
        provision_group(&PubsubAdmin::new(self.0.clone()), topic, group, &options).await?;
        let _inside = self.0.door.enter().await?;
        if topic.is_existing() && options.ordered && options.provision != Provision::Never {
            check_order(&self.0, topic).await?;
        }
        let subscriber =
            PubsubSubscriber::open(self.0.clone(), topic, group, options.ordered).await?;
        self.0.seats.add(subscriber.seat());
        Ok(Box::new(subscriber))
    }

    fn admin(&self) -> Result<Arc<dyn Admin>> {
        Ok(Arc::new(PubsubAdmin::new(self.0.clone())))
    }

    async fn ping(&self) -> Result<()> {
        let _inside = self.0.door.enter().await?;
        ping(&self.0).await
    }

    /// The service has no version.
    async fn product(&self) -> Result<Product> {
        let _inside = self.0.door.enter().await?;
        ping(&self.0).await?;
        let config = &self.0.config;
        let project = &config.project;
        Ok(match &config.emulator {
            Some(emulator) => Product {
                is_stand_in: true,
                ..Product::named("Pub/Sub emulator").with("address", emulator)
            },
            None => Product::named("Google Cloud Pub/Sub"),
        }
        .with("project", project))
    }

    async fn close(&self) -> Result<()> {
        self.0.close().await;
        Ok(())
    }

    /// A [`tokio::sync::OnceCell`] of [`google_cloud_pubsub::client::BasePublisher`], empty until
    /// something is published.
    fn native(&self) -> &dyn Any {
        self.0.native()
    }
}
