//! Settings of a bus.

use std::collections::BTreeMap;
use std::num::NonZeroUsize;
use std::time::Duration;

use super::Backoff;
use crate::clock::Clock;
use crate::name::Namespace;
use crate::transport::Provision;

/// Settings of a [`super::Bus`]; each has a bounded default.
#[derive(Debug, Clone, Default)]
pub struct BusOptions {
    /// Where retries, leases and time-outs read the time.
    pub clock: Clock,
    /// Stands in front of every topic and group that the bus derives.
    pub namespace: Namespace,
    /// Event types whose topic is not their name: type to topic, before the namespace.
    pub routes: BTreeMap<String, String>,
    /// How messages are published.
    pub publish: PublishOptions,
}

/// How messages are published.
#[derive(Debug, Clone)]
pub struct PublishOptions {
    /// How long a message waits for company. Zero batches what is queued already, and what callers
    /// bring in the same moment. Default: zero.
    pub linger: Duration,
    /// Messages in one call of the driver, also bounded by its own limit. Default: 512.
    pub batch_messages_max: NonZeroUsize,
    /// Bytes in one call of the driver; one larger message goes alone. Default: 1 MiB.
    pub batch_bytes_max: usize,
    /// Calls of the driver for one topic at once, also bounded by its own limit. A message whose key is in
    /// one of them waits for its end, so that keys keep their order (T3). Default: 4.
    pub calls_max: NonZeroUsize,
    /// Messages that may wait in a topic's queue, before the batches of the calls; callers beyond it wait.
    /// Default: 1,024.
    pub queue_messages_max: NonZeroUsize,
    /// Topics that may be published to at once; each has a task. Default: 1,024.
    pub topics_max: usize,
    /// How long one call of the driver may take, and how long a message may wait unsent.
    /// Default: 30 s.
    pub timeout: Duration,
    /// Tries of one message, where the error says that nothing happened. Default: 5.
    pub attempts_max: u32,
    /// Waits between the tries. Default: 100 ms, doubling to 10 s.
    pub backoff: Backoff,
    /// Who creates topics. Default: what is missing is created.
    pub provision: Provision,
}

impl Default for PublishOptions {
    fn default() -> Self {
        Self {
            linger: Duration::ZERO,
            batch_messages_max: NonZeroUsize::new(512).unwrap_or(NonZeroUsize::MIN),
            batch_bytes_max: 1 << 20,
            calls_max: NonZeroUsize::new(4).unwrap_or(NonZeroUsize::MIN),
            queue_messages_max: NonZeroUsize::new(1_024).unwrap_or(NonZeroUsize::MIN),
            topics_max: 1_024,
            timeout: Duration::from_secs(30),
            attempts_max: 5,
            backoff: Backoff::default(),
            provision: Provision::Ensure,
        }
    }
}
