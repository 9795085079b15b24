//! `memory://`: a broker inside the process, for tests and for work that need not outlive it.
//!
//! It keeps the transport contract as the network brokers do, with every fault that a test asks
//! for. Waiting is by the injected [`Clock`], so that a manual clock moves leases and delays.
//!
//! - A topic is a log; a group is a cursor and what it has not settled. Order by key is kept: a key
//!   belongs to one consumer while that consumer holds an unsettled delivery of it; the consumer
//!   may get more of the key, in order. What comes back goes before later messages of its key, and
//!   holds them up while it is delayed (T3).
//! - Attempts count hand-overs; a released one does not count.
//! - Closing or dropping a subscriber gives back at once what it held.
//! - A message that all groups acked is history, kept within [`MemoryLimits`] for groups that are
//!   created later.

mod admin;
mod broker;
mod group;
mod log;
mod publisher;
mod quiet;
mod settings;
mod subscriber;
#[cfg(test)]
mod tests;

use std::any::Any;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, MutexGuard};

use async_trait::async_trait;

use self::admin::MemoryAdmin;
use self::broker::{Broker, State};
use self::publisher::MemoryPublisher;
use self::subscriber::MemorySubscriber;
use crate::clock::Clock;
use crate::driver::{provision_group, provision_topic};
use crate::error::{Error, Kind, Result};
use crate::name::{GroupName, TopicName};
use crate::transport::{
    Admin, Capabilities, Limits, Product, Publisher, PublisherOptions, Subscriber,
    SubscriberOptions, Support, Transport,
};
pub use settings::MemoryLimits;

/// A connection to a broker inside this process.
#[derive(Debug)]
pub struct MemoryTransport(Arc<Connection>);

impl MemoryTransport {
    /// A new broker with the usual bounds, and a connection to it.
    pub fn new(clock: Clock) -> Arc<Self> {
        Self::with_limits(clock, MemoryLimits::default())
    }

    /// A new broker with these bounds, and a connection to it.
    pub fn with_limits(clock: Clock, limits: MemoryLimits) -> Arc<Self> {
        Self::open(Arc::new(Broker::new(clock, limits)))
    }

    /// Another connection to the same broker; closing one does not close the other.
    pub fn connect(&self) -> Arc<Self> {
        Self::open(self.0.broker.clone())
    }

    /// Restarts the broker; what it confirmed is kept. Every subscriber's next `receive`, or the
    /// one that is blocked, returns `Unavailable` once; tokens from before are stale, and what was
    /// not settled comes back.
    pub fn restart(&self) {
        self.stop();
        self.start();
    }

    /// Stops the broker: everything is `Unavailable` until [`Self::start`].
    pub fn stop(&self) {
        self.0.broker.stop();
    }

    /// Starts a stopped broker; does nothing to a running one.
    pub fn start(&self) {
        self.0.broker.start();
    }

    fn open(broker: Arc<Broker>) -> Arc<Self> {
        let id = broker.state().next_id();
        Arc::new(Self(Arc::new(Connection { broker, id, closed: AtomicBool::new(false) })))
    }
}

#[async_trait]
impl Transport for MemoryTransport {
    fn capabilities(&self) -> Capabilities {
        let limits = self.0.broker.limits;
        Capabilities {
            backend: "memory",
            order_by_key: Support::Native,
            delayed_retry: Support::Native,
            attempt_count: Support::Native,
            dead_letter: Support::Unsupported,
            lease_extension: Support::Native,
            replay: Support::Native,
            transactions: Support::Unsupported,
            admin: Support::Native,
            lag: Support::Native,
            no_group_reported: Support::Native,
            stable_position: Support::Native,
            groups_of_existing: Support::Native,
            survives_restart: false,
            limits: Limits {
                payload_bytes_max: limits.payload_bytes_max,
                batch_messages_max: limits.batch_messages_max,
                publish_calls_max: None,
                headers_max: None,
                delay_max: None,
                lease_max: None,
                hold_max: None,
            },
        }
    }

    async fn publisher(
        &self,
        topic: &TopicName,
        options: PublisherOptions,
    ) -> Result<Box<dyn Publisher>> {
        self.0.state().map(drop)?;
        provision_topic(&MemoryAdmin(self.0.clone()), topic, options.provision).await?;
        Ok(Box::new(MemoryPublisher::new(self.0.clone(), topic.clone())))
    }

    /// With [`Provision::Never`](crate::transport::Provision::Never) a missing group is `NotFound` as well: joining it finds out.
    async fn subscriber(
        &self,
        topic: &TopicName,
        group: &GroupName,
        options: SubscriberOptions,
    ) -> Result<Box<dyn Subscriber>> {
        self.0.state().map(drop)?;
        provision_group(&MemoryAdmin(self.0.clone()), topic, group, &options).await?;
        let mut state = self.0.state()?;
        let id = state.next_id();
        let (connection, at) = (self.0.clone(), (topic.clone(), group.clone()));
        let subscriber = MemorySubscriber::new(connection, at, options.lease, id);
        let joined = subscriber.join(&mut state);
        // Before a subscriber that did not join is dropped: it leaves under the state.
        drop(state);
        joined?;
        Ok(Box::new(subscriber))
    }

    fn admin(&self) -> Result<Arc<dyn Admin>> {
        Ok(Arc::new(MemoryAdmin(self.0.clone())))
    }

    async fn ping(&self) -> Result<()> {
        self.0.state().map(drop)
    }

    /// The version is that of this crate.
    async fn product(&self) -> Result<Product> {
        self.0.state().map(drop)?;
        let version = Some(env!("CARGO_PKG_VERSION").to_owned());
        Ok(Product { version, ..Product::named("memory") })
    }

    async fn close(&self) -> Result<()> {
        self.0.closed.store(true, Ordering::Release);
        self.0.broker.disconnect(self.0.id);
        Ok(())
    }

    fn native(&self) -> &dyn Any {
        self
    }
}

/// One handle on a broker; closing it ends what was opened with it.
#[derive(Debug)]
struct Connection {
    broker: Arc<Broker>,
    id: u64,
    closed: AtomicBool,
}

impl Connection {
    fn check_open(&self) -> Result<()> {
        if self.closed.load(Ordering::Acquire) {
            Err(Error::new(Kind::Closed, "the memory transport is closed"))
        } else {
            Ok(())
        }
    }

    /// The state, if this connection is open and the broker runs. Closing waits for the state, so
    /// nothing is opened on a connection once it is closed.
    fn state(&self) -> Result<MutexGuard<'_, State>> {
        let state = self.broker.state();
        self.check_open()?;
        if state.is_running() {
            Ok(state)
        } else {
            let why = "the memory broker is stopped";
            Err(Error::new(Kind::Unavailable, why))
        }
    }
}
