//! A hand-over of one message to one consumer, and how it ends.

use std::fmt;
use std::num::NonZeroU32;
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use crate::clock::Timestamp;
use crate::message::Message;

/// One hand-over of a message. It ends by [`Settle`], or by the end of its lease.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Delivery {
    /// What was published.
    pub message: Message,
    /// Where the broker keeps it: the same on each redelivery, different for each message.
    pub position: Position,
    /// Settles this hand-over and no other.
    pub token: AckToken,
    /// Which attempt this is, from 1, where the backend counts them.
    pub attempt: Option<NonZeroU32>,
    /// When the driver got it.
    pub received: Timestamp,
    /// How long it is ours from then, where the backend has leases.
    pub lease: Option<Duration>,
}

/// A message's place in its topic: partition, shard or queue, and two ordered numbers.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Position {
    /// Partition, shard or queue.
    pub lane: u32,
    /// Offset, or the first part of an id.
    pub major: u64,
    /// The second part of an id; 0 where there is none.
    pub minor: u64,
}

impl fmt::Display for Position {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}-{}", self.lane, self.major, self.minor)
    }
}

/// Names one hand-over. Plain data, at most 40 bytes, meaningless to other subscribers.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct AckToken {
    /// The connection and assignment that it belongs to.
    pub generation: Generation,
    /// Partition, shard, channel.
    pub lane: u32,
    /// Offset, tag, or the first part of an id.
    pub position: u64,
    /// The second part of an id, or the number of the hand-over.
    pub sequence: u64,
    /// A native handle, where the broker gives one.
    pub handle: Option<Arc<str>>,
}

/// A number that is new in this process for each connection, assignment and subscriber.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Generation(u32);

impl Generation {
    /// The next generation; never handed out before in this process.
    pub fn next() -> Self {
        static COUNTER: AtomicU32 = AtomicU32::new(1);
        Self(COUNTER.fetch_add(1, Ordering::Relaxed))
    }
}

/// How a delivery ends.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Settle {
    /// Done: never deliver it to this group again.
    Ack,
    /// Deliver it again, not before this time has passed.
    Retry {
        /// The floor.
        after: Duration,
    },
    /// Hand it back at once; it was not attempted.
    Release,
}

/// What the broker said to a publish.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Receipt {
    /// Where the broker keeps the message, where it tells.
    pub position: Option<Position>,
    /// To whom.
    pub confirmed: Confirmed,
}

/// How far a confirm goes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Confirmed {
    /// The broker has it.
    Stored,
    /// The broker accepted it, and no group is there to get it. A group that comes later gets it where the
    /// backend has [`replay`](super::Capabilities::replay); elsewhere the broker kept nothing.
    NoGroup,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_token_stays_small_and_generations_differ() {
        assert!(size_of::<AckToken>() <= 40);
        assert_ne!(Generation::next(), Generation::next());
    }
}
