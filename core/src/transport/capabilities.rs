//! What a backend can do, as plain data.

use std::time::Duration;

/// How a backend provides something.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Support {
    /// By the broker itself.
    Native,
    /// By the driver, with the same result.
    Emulated,
    /// Not at all: asking for it is an error of kind `Unsupported`.
    Unsupported,
}

impl Support {
    /// Whether it is there, natively or emulated.
    pub const fn is_supported(self) -> bool {
        !matches!(self, Self::Unsupported)
    }
}

/// What one configuration of a backend can do. The fields are sentences:
/// "the backend supports …".
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Capabilities {
    /// The scheme, such as `redis`.
    pub backend: &'static str,
    /// … deliveries of one key in publish order to one consumer at a time.
    pub order_by_key: Support,
    /// … `Settle::Retry` with a delay.
    pub delayed_retry: Support,
    /// … an attempt number on each delivery.
    pub attempt_count: Support,
    /// … moving a delivery to dead letters without the hub.
    pub dead_letter: Support,
    /// … extending a lease while a handler works.
    pub lease_extension: Support,
    /// … reading a topic again from a position.
    pub replay: Support,
    /// … publishing several messages atomically.
    pub transactions: Support,
    /// … creating and deleting topology.
    pub admin: Support,
    /// … telling how far a group is behind.
    pub lag: Support,
    /// … reporting that a message was accepted although no group listens.
    pub no_group_reported: Support,
    /// … a position of each message that is the same on each redelivery, whoever published it.
    pub stable_position: Support,
    /// … several groups of what a team has. Without, a team's queue is the group itself.
    pub groups_of_existing: Support,
    /// Whether what was published outlives the process (memory) or broker.
    pub survives_restart: bool,
    /// The numbers.
    pub limits: Limits,
}

/// Numbers that a backend imposes. `None` is unlimited.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Limits {
    /// The largest payload.
    pub payload_bytes_max: usize,
    /// Messages in one publish call.
    pub batch_messages_max: usize,
    /// Publish calls of one publisher that get on at once; others wait for them. `None`: any number.
    pub publish_calls_max: Option<usize>,
    /// Headers of one message.
    pub headers_max: Option<usize>,
    /// The longest delay of `Settle::Retry`.
    pub delay_max: Option<Duration>,
    /// The longest lease that can be asked for.
    pub lease_max: Option<Duration>,
    /// How long a delivery may be held by extending its lease.
    pub hold_max: Option<Duration>,
}
