//! The transport: what it can do, and opening publishers and subscribers on it.

mod connector;
mod greeting;
mod pipeline;
mod server;
mod wire;

use std::any::Any;
use std::sync::Arc;

use async_trait::async_trait;
use wingman_core::driver::{may_not_create, provision_group, provision_topic, published_elsewhere};
use wingman_core::name::{GroupName, TopicName};
use wingman_core::transport::{
    Admin, Capabilities, Product, Provision, Publisher, PublisherOptions, Subscriber,
    SubscriberOptions, Support, Transport,
};
use wingman_core::{Result, Retry};

pub(crate) use self::connector::{Purpose, bounded};
pub(crate) use self::pipeline::begin;
pub(crate) use self::server::Server;
use crate::admin::RabbitAdmin;
use crate::admin::topology::{self, Standing};
use crate::config::Config;
use crate::publisher::RabbitPublisher;
use crate::subscriber::{RabbitSubscriber, Seat};

/// Opens the transport that a URL names; see [`Config::from_url`].
///
/// A server that cannot be reached is no error: what is opened on the transport is `Unavailable`
/// until it can.
///
/// # Errors
/// - [`wingman_core::Kind::Configuration`]: the URL is wrong.
/// - [`wingman_core::Kind::Unsupported`]: the URL asks for TLS, which is not built in.
/// - [`wingman_core::Kind::Unauthenticated`]: the server does not accept the credentials, or we do not trust its
///   certificate.
/// - [`wingman_core::Kind::Forbidden`]: there is no such virtual host, or it is not for this user.
pub async fn connect(url: &str) -> Result<Arc<dyn Transport>> {
    connect_with(Config::from_url(url)?).await
}

/// Opens a transport; see [`connect`].
///
/// # Errors
/// Those of [`connect`].
pub async fn connect_with(config: Config) -> Result<Arc<dyn Transport>> {
    config.check()?;
    let server = Arc::new(Server::new(config)?);
    match server.ping().await {
        Ok(()) => {}
        Err(error) if error.retry() != Retry::Permanent => {
            tracing::warn!(%error, "RabbitMQ cannot be reached yet; it is tried again when it is used");
        }
        Err(error) => return Err(error),
    }
    Ok(Arc::new(RabbitTransport(server)))
}

#[derive(Debug)]
struct RabbitTransport(Arc<Server>);

#[async_trait]
impl Transport for RabbitTransport {
    fn capabilities(&self) -> Capabilities {
        Capabilities {
            backend: "rabbitmq",
            order_by_key: Support::Native,
            delayed_retry: Support::Emulated,
            attempt_count: Support::Emulated,
            dead_letter: Support::Unsupported,
            lease_extension: Support::Unsupported,
            replay: Support::Unsupported,
            transactions: Support::Unsupported,
            admin: Support::Native,
            lag: Support::Unsupported,
            no_group_reported: Support::Native,
            // A message without `message-id` has a new one over each channel.
            stable_position: Support::Unsupported,
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
        provision_topic(&RabbitAdmin::new(self.0.clone()), topic, options.provision).await?;
        let _inside = self.0.door.enter().await?;
        let publisher = RabbitPublisher::new(self.0.clone(), topic.clone(), options.provision);
        Ok(Box::new(publisher))
    }

    async fn subscriber(
        &self,
        topic: &TopicName,
        group: &GroupName,
        options: SubscriberOptions,
    ) -> Result<Box<dyn Subscriber>> {
        let admin = RabbitAdmin::new(self.0.clone());
        // What is ensured of a group depends on whether it is to be ordered.
        let verified = match options.provision {
            Provision::Ensure => SubscriberOptions { provision: Provision::Never, ..options },
            Provision::Verify | Provision::Never => options,
        };
        provision_group(&admin, topic, group, &verified).await?;
        if options.provision == Provision::Ensure {
            provision_topic(&admin, topic, Provision::Ensure).await?;
        }
        let _inside = self.0.door.enter().await?;
        let standing = match options.provision {
            Provision::Ensure => {
                let made = topology::create_group(&self.0, topic, group, options.ordered).await;
                made.map_err(may_not_create)?.1
            }
            Provision::Verify | Provision::Never => Standing::Found,
        };
        let seat = Arc::new(Seat::new(self.0.clone(), topic.clone(), group.clone(), options));
        seat.join(standing).await?;
        self.0.seat(&seat);
        Ok(Box::new(RabbitSubscriber::new(seat)))
    }

    fn admin(&self) -> Result<Arc<dyn Admin>> {
        Ok(Arc::new(RabbitAdmin::new(self.0.clone())))
    }

    async fn ping(&self) -> Result<()> {
        let _inside = self.0.door.enter().await?;
        self.0.ping().await
    }

    /// By what the server says first on a connection.
    async fn product(&self) -> Result<Product> {
        let _inside = self.0.door.enter().await?;
        self.0.ping().await?;
        self.0.connector.product().await
    }

    async fn close(&self) -> Result<()> {
        self.0.close().await;
        Ok(())
    }

    /// A [`lapin::uri::AMQPUri`], by which any client of the library connects.
    fn native(&self) -> &dyn Any {
        self.0.connector.native()
    }
}
