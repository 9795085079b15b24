//! A bus for tests: memory transport, a clock that the test moves, and waits with a bound.
//!
//! ```
//! use std::time::Duration;
//! use wingman_core::event::{CloudEvent, Event, Output};
//! use wingman_core::handler::{Attempt, Failure, Incoming};
//! use wingman_core::testing::TestBus;
//! # #[derive(serde::Serialize, serde::Deserialize)]
//! # struct Order { id: u32 }
//! # impl Event for Order { const TYPE: &'static str = "Order"; const VERSION: u32 = 1; }
//!
//! async fn bill(order: Incoming<Order>, attempt: Attempt) -> Result<(), Failure> {
//!     if attempt.0 == 1 { Err(Failure::environmental("the bank is closed")) } else { Ok(()) }
//! }
//!
//! # #[tokio::main(flavor = "current_thread")] async fn main() -> wingman_core::Result<()> {
//! let bus = TestBus::new();
//! let billing = bus.subscribe("billing", bill).await?;
//! bus.publish(&Order { id: 7 }).await?;
//! bus.until_idle().await;
//! assert_eq!(billing.status().counts.held, 1);
//! bus.advance(Duration::from_secs(10)).await;
//! bus.until_idle().await;
//! assert_eq!(billing.status().counts.acked, 1);
//! # Ok(()) }
//! ```

use std::num::NonZeroUsize;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use crate::bus::subscription::Control;
use crate::bus::{Bus, BusOptions, Subscription, SubscriptionOptions, SubscriptionState};
use crate::clock::{Clock, Timestamp};
use crate::error::Result;
use crate::event::{CloudEvent, Event, Output};
use crate::handler::IntoHandler;
use crate::memory::MemoryTransport;
use crate::message::Message;
use crate::name::{GroupName, TopicName};
use crate::transport::{Receipt, Settle, SubscriberOptions, Transport as _};

/// How long, in real time, anything here waits before it panics.
const PATIENCE: Duration = Duration::from_secs(10);
/// How often a condition is looked at.
const LOOK_EVERY: Duration = Duration::from_millis(1);
/// Where the test's clock starts: 2026-01-01.
const START: Timestamp = Timestamp::from_millis(1_767_225_600_000);

/// A bus on its own memory broker, with a clock that stands still until [`TestBus::advance`].
#[derive(Debug)]
pub struct TestBus {
    bus: Bus,
    transport: Arc<MemoryTransport>,
    published: AtomicU64,
}

impl Default for TestBus {
    fn default() -> Self {
        Self::new()
    }
}

impl TestBus {
    /// A bus with the default options.
    pub fn new() -> Self {
        Self::with_options(BusOptions::default())
    }

    /// A bus with these options; their clock is replaced by one that the test moves.
    pub fn with_options(options: BusOptions) -> Self {
        let clock = Clock::manual(START);
        let transport = MemoryTransport::new(clock.clone());
        let options = BusOptions { clock, ..options };
        Self {
            bus: Bus::with_options(transport.clone(), options),
            transport,
            published: AtomicU64::new(0),
        }
    }

    /// The bus.
    pub fn bus(&self) -> &Bus {
        &self.bus
    }

    /// The broker, to stop and restart it.
    pub fn transport(&self) -> &MemoryTransport {
        &self.transport
    }

    /// The clock.
    pub fn clock(&self) -> &Clock {
        self.bus.clock()
    }

    /// Publishes a payload as an event with the ids 1, 2, 3, … of the source `/test`.
    ///
    /// # Errors
    /// Those of [`Bus::publish`].
    pub async fn publish<E: Event>(&self, payload: &E) -> Result<Receipt> {
        let id = self.published.fetch_add(1, Ordering::Relaxed) + 1;
        let output = Output::of(payload)?;
        let event = CloudEvent::new(id.to_string(), "/test", E::TYPE)?.with_json(output.data);
        self.bus.publish(&event).await
    }

    /// Subscribes a handler as [`Bus::handle`] does: its name is its group, its topics are those
    /// of the types it takes.
    ///
    /// # Errors
    /// Those of [`Bus::subscribe`].
    pub async fn subscribe<A>(
        &self,
        name: &str,
        handler: impl IntoHandler<A>,
    ) -> Result<Subscription> {
        self.subscribe_with(name, handler, |_| {}).await
    }

    /// As [`TestBus::subscribe`], with other options than the defaults.
    ///
    /// # Errors
    /// Those of [`Bus::subscribe`].
    pub async fn subscribe_with<A>(
        &self,
        name: &str,
        handler: impl IntoHandler<A>,
        adjust: impl FnOnce(&mut SubscriptionOptions),
    ) -> Result<Subscription> {
        let handler = handler.into_handler();
        let consumes = handler.signature().consumes;
        let topics = consumes.iter().map(|ty| self.bus.topic_of(ty)).collect::<Result<Vec<_>>>()?;
        let mut options = SubscriptionOptions::new(topics, self.bus.group_of(name)?, handler);
        adjust(&mut options);
        self.bus.subscribe(options).await
    }

    /// Moves the clock, in steps that let leases be renewed in between.
    ///
    /// # Panics
    /// If leases are not renewed within ten seconds of real time.
    pub async fn advance(&self, by: Duration) {
        let mut left = by;
        while !left.is_zero() {
            self.wait_until("leases are renewed", || self.leases_are_renewed()).await;
            let leases = self.bus.subscriptions();
            let shortest = leases.iter().map(|control| control.lease).min();
            let step = shortest.map_or(left, |lease| left.min(lease / 6));
            self.clock().advance(step);
            left -= step;
        }
    }

    /// Waits until nothing moves unless the clock does: every delivery is settled, or held for a
    /// later attempt.
    ///
    /// # Panics
    /// After ten seconds of real time; a handler that waits for ever is not idle.
    pub async fn until_idle(&self) {
        self.wait_until("the bus is idle", || self.is_idle()).await;
    }

    /// Every event of a type that was published, in order, whoever handled it meanwhile.
    ///
    /// # Errors
    /// Those of the broker, and [`crate::Kind::Malformed`] for what is not an event.
    pub async fn events(&self, ty: &str) -> Result<Vec<CloudEvent>> {
        let messages = self.messages(&self.bus.topic_of(ty)?).await?;
        messages.iter().map(CloudEvent::from_message).collect()
    }

    /// Every dead letter of a topic, in order.
    ///
    /// # Errors
    /// Those of the broker.
    pub async fn dead_letters(&self, topic: &TopicName) -> Result<Vec<Message>> {
        self.messages(&self.bus.dead_letters_of(topic)?).await
    }

    /// Every message of a topic, in order, as far as the memory broker keeps its history.
    ///
    /// # Errors
    /// Those of the broker.
    pub async fn messages(&self, topic: &TopicName) -> Result<Vec<Message>> {
        let group = GroupName::new("test-bus-looks")?;
        let all = NonZeroUsize::MAX;
        let options = SubscriberOptions::default();
        let subscriber = self.transport.subscriber(topic, &group, options).await?;
        let deliveries = subscriber.receive(all, Duration::ZERO).await?;
        let back: Vec<_> = (deliveries.iter().rev())
            .map(|delivery| (delivery.token.clone(), Settle::Release))
            .collect();
        subscriber.settle(&back).await?;
        subscriber.close().await?;
        self.transport.admin()?.delete_group(topic, &group).await?;
        Ok(deliveries.into_iter().map(|delivery| delivery.message).collect())
    }

    async fn wait_until(&self, what: &str, condition: impl Fn() -> bool) {
        let deadline = Instant::now() + PATIENCE;
        // Twice in a row, because a task may be between taking a delivery and counting it.
        let mut seen = 0;
        while seen < 2 {
            seen = if condition() { seen + 1 } else { 0 };
            assert!(Instant::now() < deadline, "waited in vain until {what}: {:?}", self.counts());
            tokio::time::sleep(LOOK_EVERY).await;
        }
    }

    fn counts(&self) -> Vec<(GroupName, crate::bus::Counts)> {
        let all = self.bus.subscriptions();
        all.iter().map(|control| (control.group.clone(), control.status.borrow().counts)).collect()
    }

    fn leases_are_renewed(&self) -> bool {
        let now = self.clock().now();
        self.bus.subscriptions().iter().all(|control| control.leases.is_ahead_of(now))
    }

    fn is_idle(&self) -> bool {
        self.leases_are_renewed()
            && self.bus.subscriptions().iter().all(|control| self.is_settled(control))
    }

    /// Whether the broker has nothing for a subscription, and counts what the subscription counts.
    fn is_settled(&self, control: &Control) -> bool {
        let (counts, paused) = {
            let status = control.status.borrow();
            (status.counts, status.state == SubscriptionState::Paused)
        };
        let loads =
            control.topics.iter().filter_map(|topic| self.transport.load(topic, &control.group));
        let (mut ready, mut leased) = (false, 0);
        for load in loads {
            ready |= load.ready;
            leased += load.leased;
        }
        if paused {
            return counts.running + counts.following + counts.settling == 0;
        }
        counts.is_idle() && !ready && leased == counts.in_flight()
    }
}
