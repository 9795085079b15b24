//! The transport: what it can do, and opening publishers and subscribers on it.

mod account;
mod clients;

use std::any::Any;
use std::sync::Arc;

use async_trait::async_trait;
use wingman_core::driver::{provision_group, provision_topic, published_elsewhere};
use wingman_core::name::{GroupName, TopicName};
use wingman_core::transport::{
    Admin, Capabilities, Product, Publisher, PublisherOptions, Subscriber, SubscriberOptions,
    Support, Transport,
};
use wingman_core::{Error, Kind, Result, Retry};

pub(crate) use self::account::Account;
pub use self::clients::Clients;
use crate::admin::SnsSqsAdmin;
use crate::config::Config;
use crate::publisher::SnsPublisher;
use crate::subscriber::{Seat, SqsSubscriber};

/// Opens the transport that a URL names; see [`Config::from_url`].
///
/// A service that cannot be reached is no error: what is opened on the transport is `Unavailable`
/// until it can.
///
/// # Errors
/// - [`Kind::Configuration`]: the URL is wrong, or there is no region anywhere.
/// - [`Kind::Unauthenticated`]: there are no credentials, or they are not accepted.
pub async fn connect(url: &str) -> Result<Arc<dyn Transport>> {
    connect_with(Config::from_url(url)?).await
}

/// Opens a transport; see [`connect`].
///
/// # Errors
/// Those of [`connect`].
pub async fn connect_with(config: Config) -> Result<Arc<dyn Transport>> {
    config.check()?;
    let account = Arc::new(Account::new(config).await?);
    match account.ping().await {
        Ok(()) => {}
        Err(error) if error.retry() != Retry::Permanent => {
            tracing::warn!(%error, "SNS and SQS cannot be reached yet; they are tried again when they are used");
        }
        Err(error) => return Err(error),
    }
    Ok(Arc::new(SnsSqsTransport(account)))
}

#[derive(Debug)]
struct SnsSqsTransport(Arc<Account>);

#[async_trait]
impl Transport for SnsSqsTransport {
    fn capabilities(&self) -> Capabilities {
        Capabilities {
            backend: "sns-sqs",
            order_by_key: match self.0.config.fifo {
                true => Support::Native,
                false => Support::Unsupported,
            },
            delayed_retry: Support::Native,
            attempt_count: Support::Native,
            dead_letter: Support::Unsupported,
            lease_extension: Support::Native,
            replay: Support::Unsupported,
            transactions: Support::Unsupported,
            admin: Support::Native,
            lag: Support::Native,
            no_group_reported: Support::Emulated,
            stable_position: Support::Native,
            groups_of_existing: Support::Unsupported,
            survives_restart: true,
            limits: self.0.limits(),
        }
    }

    async fn publisher(
        &self,
        topic: &TopicName,
        options: PublisherOptions,
    ) -> Result<Box<dyn Publisher>> {
        published_elsewhere(topic)?;
        provision_topic(&SnsSqsAdmin::new(self.0.clone()), topic, options.provision).await?;
        let _inside = self.0.door.enter().await?;
        let publisher =
            SnsPublisher::open(self.0.clone(), topic.clone(), options.provision).await?;
        Ok(Box::new(publisher))
    }

    async fn subscriber(
        &self,
        topic: &TopicName,
        group: &GroupName,
        options: SubscriberOptions,
    ) -> Result<Box<dyn Subscriber>> {
        // The name of a queue says what it is.
        let is_fifo = match topic.is_existing() {
            true => topic.as_str().ends_with(".fifo"),
            false => self.0.config.fifo,
        };
        if options.ordered && !is_fifo {
            let why = "a standard queue keeps no order: take a FIFO queue (leave out fifo=false), or subscribe unordered";
            return Err(Error::new(Kind::Unsupported, why).with("topic", topic));
        }
        if self.0.limits().lease_max.is_some_and(|max| options.lease > max) {
            let why = "SQS takes leases of at most 12 hours";
            return Err(Error::new(Kind::Unsupported, why).with("seconds", options.lease.as_secs()));
        }
        provision_group(&SnsSqsAdmin::new(self.0.clone()), topic, group, &options).await?;
        let _inside = self.0.door.enter().await?;
        let seat = Seat::open(self.0.clone(), topic.clone(), group.clone(), options).await?;
        let seat = Arc::new(seat);
        self.0.seats.add(&seat);
        Ok(Box::new(SqsSubscriber::new(seat)))
    }

    fn admin(&self) -> Result<Arc<dyn Admin>> {
        Ok(Arc::new(SnsSqsAdmin::new(self.0.clone())))
    }

    async fn ping(&self) -> Result<()> {
        let _inside = self.0.door.enter().await?;
        self.0.ping().await
    }

    /// The services have no versions.
    async fn product(&self) -> Result<Product> {
        let _inside = self.0.door.enter().await?;
        self.0.product().await
    }

    async fn close(&self) -> Result<()> {
        self.0.close().await;
        Ok(())
    }

    /// The [`Clients`].
    fn native(&self) -> &dyn Any {
        &self.0.clients
    }
}
