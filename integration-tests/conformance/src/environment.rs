//! What a case works with: connections to one broker, names of its own, and faults.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use wingman_core::bus::{Bus, BusOptions};
use wingman_core::clock::Clock;
use wingman_core::name::{GroupName, Namespace, TopicName};
use wingman_core::transport::{
    Capabilities, Provision, PublisherOptions, StartPosition, SubscriberOptions, Transport,
};

use crate::actors::{Consumer, Producer};
use crate::backend::{Backend, Offer, Timing};
use crate::choices::Choices;
use crate::expect::Verdict;
use crate::footprint::Footprint;
use crate::harness::Harness;
use crate::narrow;

/// The surroundings of one run of one case. Nothing in it is shared with other cases but the
/// broker itself.
#[derive(Debug)]
pub struct Environment {
    backend: Arc<dyn Backend>,
    harness: Arc<dyn Harness>,
    transport: Arc<dyn Transport>,
    offer: Offer,
    prefix: String,
    choices: Choices,
    connections: Mutex<Vec<Arc<dyn Transport>>>,
    footprint: Arc<Footprint>,
}

impl Environment {
    pub(crate) async fn open(
        backend: Arc<dyn Backend>,
        harness: Arc<dyn Harness>,
        case: &'static str,
        seed: u64,
    ) -> wingman_core::Result<Self> {
        let footprint = Arc::new(Footprint::default());
        let transport = footprint.note(backend.connect().await?);
        let offer = Offer {
            capabilities: transport.capabilities(),
            faults: backend.faults(),
            lacks: backend.lacks(),
            governed: harness.is_governed(),
        };
        // The same case runs plain and governed, perhaps at once and on one broker.
        let layer = if harness.is_governed() { 'g' } else { 't' };
        let case: String = case.chars().take(CASE_NAME_CHARS_MAX).collect();
        Ok(Self {
            transport,
            offer,
            prefix: format!("{layer}{seed:016x}-{case}"),
            choices: Choices::new(seed),
            connections: Mutex::default(),
            footprint,
            backend,
            harness,
        })
    }

    /// What the backend offers.
    pub fn offer(&self) -> &Offer {
        &self.offer
    }

    /// What its transport can do.
    pub fn capabilities(&self) -> &Capabilities {
        &self.offer.capabilities
    }

    /// Whether a key's next message may be handed out before the one before it is settled.
    pub(crate) fn hands_out_ahead(&self) -> bool {
        !self.offer.lacks.ahead
    }

    /// Whether the next consumer of a group gets soon what the one before it left.
    pub(crate) fn hands_on(&self) -> bool {
        !self.offer.lacks.succession
    }

    /// The broker.
    pub fn backend(&self) -> &dyn Backend {
        &*self.backend
    }

    /// What runs handlers.
    pub fn harness(&self) -> &dyn Harness {
        &*self.harness
    }

    /// The connection that the case begins with.
    pub fn transport(&self) -> &Arc<dyn Transport> {
        &self.transport
    }

    /// A second connection to the same broker, closed when the case ends.
    ///
    /// # Errors
    /// What the backend says.
    pub async fn connect(&self) -> wingman_core::Result<Arc<dyn Transport>> {
        let transport = self.footprint.note(self.backend.connect().await?);
        lock(&self.connections).push(transport.clone());
        Ok(transport)
    }

    /// A topic of this case, deleted when it ends where the broker allows.
    ///
    /// # Errors
    /// If the name is not a name.
    pub fn topic(&self, name: &str) -> wingman_core::Result<TopicName> {
        TopicName::new(format!("{}-{name}", self.prefix))
    }

    /// A group of this case.
    ///
    /// # Errors
    /// If the name is not a name.
    pub fn group(&self, name: &str) -> wingman_core::Result<GroupName> {
        GroupName::new(format!("{}-{name}", self.prefix))
    }

    /// A bus on a connection of its own, as another process has it. Its topics and groups are this
    /// case's.
    pub(crate) async fn bus(&self) -> Verdict<Bus> {
        self.bus_on(self.connect().await?)
    }

    /// The same where dead letters may have at most this many bytes, with their headers.
    pub(crate) async fn narrow_bus(&self, bytes_max: usize) -> Verdict<Bus> {
        self.bus_on(narrow::letters(self.connect().await?, bytes_max))
    }

    fn bus_on(&self, transport: Arc<dyn Transport>) -> Verdict<Bus> {
        let options = BusOptions {
            clock: self.clock(),
            namespace: Namespace::new(&self.prefix)?,
            ..BusOptions::default()
        };
        Ok(Bus::with_options(transport, options))
    }

    pub(crate) fn clock(&self) -> Clock {
        self.backend.clock()
    }

    pub(crate) fn timing(&self) -> Timing {
        self.backend.timing()
    }

    pub(crate) fn choices(&self) -> &Choices {
        &self.choices
    }

    /// A publisher on the first connection; the topic is created.
    pub(crate) async fn producer(&self, topic: &TopicName) -> Verdict<Producer> {
        let options = PublisherOptions::default();
        Ok(Producer::new(self.transport.publisher(topic, options).await?))
    }

    /// A subscriber on the first connection, with a lease that does not end by itself; topic and
    /// group are created.
    pub(crate) async fn consumer(&self, topic: &TopicName, group: &str) -> Verdict<Consumer> {
        let options = self.options(self.timing().long_lease());
        self.consumer_on(&*self.transport, topic, group, options).await
    }

    /// A subscriber on the first connection, with the short lease.
    pub(crate) async fn short_consumer(&self, topic: &TopicName, group: &str) -> Verdict<Consumer> {
        let options = self.options(self.timing().lease);
        self.consumer_on(&*self.transport, topic, group, options).await
    }

    /// A subscriber on any connection.
    pub(crate) async fn consumer_on(
        &self,
        transport: &dyn Transport,
        topic: &TopicName,
        group: &str,
        options: SubscriberOptions,
    ) -> Verdict<Consumer> {
        let group = self.group(group)?;
        let subscriber = transport.subscriber(topic, &group, options).await?;
        Ok(Consumer::new(subscriber, self.timing()))
    }

    /// Everything created, from the earliest message, with this lease.
    pub(crate) fn options(&self, lease: Duration) -> SubscriberOptions {
        let longest = self.capabilities().limits.lease_max.unwrap_or(lease);
        SubscriberOptions {
            provision: Provision::Ensure,
            start: StartPosition::Earliest,
            lease: lease.min(longest),
            ordered: self.capabilities().order_by_key.is_supported(),
        }
    }

    /// Removes what the case made, and returns what the broker did not let go, with the reason.
    pub(crate) async fn leave(&self) -> Left {
        let connections = std::mem::take(&mut *lock(&self.connections));
        for connection in connections.iter().chain([&self.transport]) {
            let _ = connection.close().await;
        }
        let made = self.footprint.topics();
        // A case may have closed or broken its own connection: tidy over a new one.
        let behind = match self.backend.connect().await {
            Ok(tidy) => {
                let behind = self.footprint.erase(&*tidy, self.timing().patience).await;
                let _ = tidy.close().await;
                behind
            }
            Err(error) => made.iter().map(|topic| format!("{topic}: {error}")).collect(),
        };
        Left { made, behind }
    }
}

/// What a case made on the broker.
#[derive(Debug, Default)]
pub(crate) struct Left {
    pub(crate) made: Vec<TopicName>,
    pub(crate) behind: Vec<String>,
}

/// Names of topics stay below the shortest limit of a broker.
const CASE_NAME_CHARS_MAX: usize = 24;

fn lock<T>(mutex: &Mutex<T>) -> std::sync::MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
