//! The transport: what it can do, and opening publishers and subscribers on it.

mod connection;
mod connector;
mod server;

use std::any::Any;
use std::sync::Arc;

use async_trait::async_trait;
use wingman_core::driver::{Door, Seats, provision_group, provision_topic};
use wingman_core::name::{GroupName, TopicName};
use wingman_core::transport::{
    Admin, Capabilities, Limits, Product, Publisher, PublisherOptions, Subscriber,
    SubscriberOptions, Support, Transport,
};
use wingman_core::{Result, Retry};

pub(crate) use self::connection::{Connection, Health};
pub(crate) use self::connector::Connector;
use crate::admin::RedisAdmin;
use crate::config::Config;
use crate::error::Doing;
use crate::publisher::{BATCH_MESSAGES_MAX, RedisPublisher};
use crate::subscriber::{RedisSubscriber, Seat};

/// Opens the transport that a URL names; see [`Config::from_url`].
///
/// A server that cannot be reached is no error: what is opened on the transport is `Unavailable`
/// until it can. One that is reached is checked here, and again at each new connection.
///
/// # Errors
/// - [`Kind::Configuration`](wingman_core::Kind::Configuration): the URL is wrong, or the server is a read-only replica.
/// - [`Kind::Unsupported`](wingman_core::Kind::Unsupported): the server is older than 7.0 or a cluster; TLS is not built in.
/// - [`Kind::Unauthenticated`](wingman_core::Kind::Unauthenticated): the server does not accept the credentials.
pub async fn connect(url: &str) -> Result<Arc<dyn Transport>> {
    connect_with(Config::from_url(url)?).await
}

/// Opens a transport; see [`connect`].
///
/// # Errors
/// Those of [`connect`].
pub async fn connect_with(config: Config) -> Result<Arc<dyn Transport>> {
    config.check()?;
    let server = Arc::new(ServerLink {
        connector: Connector::new(&config)?,
        gate: Door::new("redis transport"),
        seats: Seats::default(),
        config,
    });
    match server.connector.shared().await {
        Ok(_) => {}
        Err(error) if matches!(error.retry(), Retry::Temporary { .. } | Retry::Ambiguous) => {
            tracing::warn!(%error, "Redis cannot be reached yet; it is tried again when it is used");
        }
        Err(error) => return Err(error),
    }
    Ok(Arc::new(RedisTransport(server)))
}

#[derive(Debug)]
struct RedisTransport(Arc<ServerLink>);

/// What the parts of one transport share.
#[derive(Debug)]
pub(crate) struct ServerLink {
    pub(crate) connector: Connector,
    pub(crate) config: Config,
    pub(crate) gate: Door,
    seats: Seats<Seat>,
}

impl ServerLink {
    pub(crate) fn limits(&self) -> Limits {
        Limits {
            payload_bytes_max: self.config.payload_bytes_max,
            batch_messages_max: BATCH_MESSAGES_MAX,
            publish_calls_max: None,
            headers_max: None,
            delay_max: None,
            lease_max: None,
            hold_max: None,
        }
    }
}

#[async_trait]
impl Transport for RedisTransport {
    fn capabilities(&self) -> Capabilities {
        Capabilities {
            backend: "redis",
            order_by_key: Support::Emulated,
            delayed_retry: Support::Emulated,
            attempt_count: Support::Emulated,
            dead_letter: Support::Unsupported,
            lease_extension: Support::Native,
            replay: Support::Native,
            transactions: Support::Unsupported,
            admin: Support::Native,
            lag: Support::Native,
            no_group_reported: Support::Emulated,
            stable_position: Support::Native,
            groups_of_existing: Support::Native,
            survives_restart: self.0.connector.keeps_a_log(),
            limits: self.0.limits(),
        }
    }

    async fn publisher(
        &self,
        topic: &TopicName,
        options: PublisherOptions,
    ) -> Result<Box<dyn Publisher>> {
        provision_topic(&RedisAdmin::new(self.0.clone()), topic, options.provision).await?;
        let _inside = self.0.gate.enter().await?;
        let publisher = RedisPublisher::new(self.0.clone(), topic.clone(), options.provision);
        Ok(Box::new(publisher))
    }

    async fn subscriber(
        &self,
        topic: &TopicName,
        group: &GroupName,
        options: SubscriberOptions,
    ) -> Result<Box<dyn Subscriber>> {
        let admin = RedisAdmin::new(self.0.clone());
        provision_group(&admin, topic, group, &options).await?;
        let _inside = self.0.gate.enter().await?;
        let seat = Arc::new(Seat::new(self.0.clone(), topic.clone(), group.clone(), options));
        seat.join().await?;
        self.0.seats.add(&seat);
        Ok(Box::new(RedisSubscriber::new(seat)))
    }

    fn admin(&self) -> Result<Arc<dyn Admin>> {
        Ok(Arc::new(RedisAdmin::new(self.0.clone())))
    }

    async fn ping(&self) -> Result<()> {
        let _inside = self.0.gate.enter().await?;
        let connection = self.0.connector.shared().await?;
        connection.command((Doing::Reading, "ping"), &redis::cmd("PING")).await
    }

    /// By `INFO`.
    async fn product(&self) -> Result<Product> {
        let _inside = self.0.gate.enter().await?;
        self.0.connector.product().await
    }

    async fn close(&self) -> Result<()> {
        self.0.gate.shut();
        for seat in self.0.seats.take() {
            seat.leave().await;
        }
        self.0.gate.emptied(self.0.config.reply_time()).await;
        self.0.connector.close().await;
        Ok(())
    }

    /// A [`redis::Client`].
    fn native(&self) -> &dyn Any {
        self.0.connector.client()
    }
}
