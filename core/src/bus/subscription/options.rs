//! Settings of a subscription.

use std::fmt;
use std::num::NonZeroUsize;
use std::sync::Arc;
use std::time::Duration;

use super::mapping::Mapping;
use crate::bus::RetrySchedule;
use crate::error::{Error, Kind, Result};
use crate::gate::Gate;
use crate::handler::Handler;
use crate::name::{GroupName, TopicName};
use crate::transport::{Capabilities, Provision, StartPosition};

/// What to subscribe to and how to handle it.
#[derive(Clone)]
pub struct SubscriptionOptions {
    /// The topics; each has a pump, all share the lanes.
    pub topics: Vec<TopicName>,
    /// The group that competes for the messages.
    pub group: GroupName,
    /// What runs.
    pub handler: Arc<dyn Handler>,
    /// What judges; without one the bus settles by the handler's outcome alone.
    pub gate: Option<Arc<dyn Gate>>,
    /// How messages become events. Default: they are CloudEvents.
    pub mapping: Mapping,
    /// Whether messages of one key run in order and one at a time (T3). Default: yes.
    pub ordered: bool,
    /// When failed runs are tried again, without a gate. Default: 5 s, 30 s, 2 min.
    pub retry: RetrySchedule,
    /// How long a delivery is ours; renewed at each third. Default: 30 s.
    pub lease: Duration,
    /// Deliveries in lanes and handlers at once (T4). Up to two batches for each topic, each at
    /// most this or 256, wait besides. Default: 256.
    pub in_flight_max: NonZeroUsize,
    /// Bytes in lanes and handlers at once; the last delivery may pass it. Default: 64 MiB.
    pub in_flight_bytes_max: usize,
    /// The longest that retries may hold one delivery without a gate; also bounded by the
    /// backend. Default: 10 min.
    pub hold_max: Duration,
    /// Runs longer than this are cancelled. Default: no limit.
    pub run_time_max: Option<Duration>,
    /// The grace of a drain that nobody asked for: the handle was dropped, or a topic failed.
    /// Default: 10 s.
    pub drain_grace: Duration,
    /// Who creates topics, group and dead letters. Default: what is missing is created.
    pub provision: Provision,
    /// Where a group that is created begins. Default: the oldest message.
    pub start: StartPosition,
}

impl SubscriptionOptions {
    /// A subscription with the defaults.
    pub fn new(
        topics: impl IntoIterator<Item = TopicName>,
        group: GroupName,
        handler: Arc<dyn Handler>,
    ) -> Self {
        Self {
            topics: topics.into_iter().collect(),
            group,
            handler,
            gate: None,
            mapping: Mapping::default(),
            ordered: true,
            retry: RetrySchedule::default(),
            lease: Duration::from_secs(30),
            in_flight_max: NonZeroUsize::new(256).unwrap_or(NonZeroUsize::MIN),
            in_flight_bytes_max: 64 << 20,
            hold_max: Duration::from_secs(600),
            run_time_max: None,
            drain_grace: Duration::from_secs(10),
            provision: Provision::default(),
            start: StartPosition::default(),
        }
    }

    /// Whether failed runs of unordered deliveries go back to the broker until they are due.
    pub(crate) fn retries_at_broker(&self, capabilities: &Capabilities) -> bool {
        !self.ordered
            && capabilities.delayed_retry.is_supported()
            && capabilities.attempt_count.is_supported()
            && capabilities.limits.delay_max.is_none_or(|max| self.retry.wait_max() <= max)
    }

    /// Refuses what cannot work with this backend.
    pub(crate) fn check(&self, capabilities: &Capabilities) -> Result<()> {
        let configuration = |text| Err(Error::new(Kind::Configuration, text));
        if self.topics.is_empty() {
            return configuration("a subscription needs a topic");
        }
        let mut names: Vec<_> = self.topics.iter().collect();
        names.sort_unstable();
        if names.windows(2).any(|pair| pair[0] == pair[1]) {
            return configuration("a subscription names a topic twice");
        }
        if self.lease < Duration::from_millis(100) {
            return configuration("a lease is at least 100 ms");
        }
        if self.gate.is_none() && self.handler.signature().needs_gate {
            return configuration("this handler uses what only a governor provides");
        }
        if self.ordered && !capabilities.order_by_key.is_supported() {
            return Err(Error::new(
                Kind::Unsupported,
                "this backend does not keep order by key: set `ordered` to false",
            )
            .with("backend", capabilities.backend));
        }
        self.mapping.check(capabilities)?;
        self.check_hold(capabilities)
    }

    /// A gate can park what waits long; without one it must be held.
    fn check_hold(&self, capabilities: &Capabilities) -> Result<()> {
        if self.gate.is_some() || self.retries_at_broker(capabilities) {
            return Ok(());
        }
        let total = self.retry.total_max();
        if total > self.hold_max {
            return Err(Error::new(
                Kind::Configuration,
                "the retry schedule holds a delivery longer than `hold_max`: shorten it, raise `hold_max`, or use a governor, which parks it",
            )
            .with("schedule_millis", total.as_millis())
            .with("hold_max_millis", self.hold_max.as_millis()));
        }
        match capabilities.limits.hold_max {
            Some(max) if total > max => Err(Error::new(
                Kind::Unsupported,
                "the retry schedule holds a delivery longer than this backend lets us: shorten it, or use a governor, which parks it",
            )
            .with("schedule_millis", total.as_millis())
            .with("hold_max_millis", max.as_millis())),
            Some(_) | None => Ok(()),
        }
    }
}

impl fmt::Debug for SubscriptionOptions {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SubscriptionOptions")
            .field("topics", &self.topics)
            .field("group", &self.group)
            .field("handler", &self.handler.signature())
            .field("gate", &self.gate)
            .field("ordered", &self.ordered)
            .finish_non_exhaustive()
    }
}
