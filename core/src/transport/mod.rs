//! The transport contract: what a driver for one broker does, and nothing more.
//!
//! Drivers do I/O, classify errors and map headers. They never retry, batch by policy, order,
//! keep leases or trace: the bus does that once for all of them. All traits are object-safe.

mod admin;
mod capabilities;
mod delivery;
mod options;
mod product;

use std::any::Any;
use std::fmt;
use std::num::NonZeroUsize;
use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;

pub use admin::{Admin, Created, TopicInfo};
pub use capabilities::{Capabilities, Limits, Support};
pub use delivery::{AckToken, Confirmed, Delivery, Generation, Position, Receipt, Settle};
pub use options::{Provision, PublisherOptions, StartPosition, SubscriberOptions};
pub use product::Product;

use crate::error::Result;
use crate::message::Message;
use crate::name::{GroupName, TopicName};

/// A connection to one broker.
#[async_trait]
pub trait Transport: fmt::Debug + Send + Sync + 'static {
    /// What this configuration of the broker can do. No I/O; it was verified at open.
    fn capabilities(&self) -> Capabilities;

    /// Opens a publisher for a topic, which is provisioned as the options say.
    ///
    /// - `NotFound`: the topic is missing and `provision` is `Verify`.
    /// - `Closed`: the transport was closed.
    async fn publisher(
        &self,
        topic: &TopicName,
        options: PublisherOptions,
    ) -> Result<Box<dyn Publisher>>;

    /// Opens a subscriber of a group, which is provisioned as the options say.
    ///
    /// - Ensuring a group fixes its start position at once.
    /// - `NotFound`: topic or group is missing and `provision` is `Verify`; the error names it.
    /// - `Unsupported`: an option asks for what the capabilities deny.
    async fn subscriber(
        &self,
        topic: &TopicName,
        group: &GroupName,
        options: SubscriberOptions,
    ) -> Result<Box<dyn Subscriber>>;

    /// Creates, inspects and deletes topology; `Unsupported` where the backend has none.
    fn admin(&self) -> Result<Arc<dyn Admin>>;

    /// One round trip to the broker.
    async fn ping(&self) -> Result<()>;

    /// What the broker says that it is: at least one round trip, and nothing is created.
    async fn product(&self) -> Result<Product>;

    /// Closes everything that was opened. Idempotent; what was accepted is flushed first.
    /// Blocked calls return `Closed`.
    async fn close(&self) -> Result<()>;

    /// The native client, for what the contract does not cover.
    fn native(&self) -> &dyn Any;
}

/// Publishes to one topic.
#[async_trait]
pub trait Publisher: fmt::Debug + Send + Sync {
    /// Publishes a batch; the results stand in the order of the messages.
    ///
    /// - `Ok` of a message means that **the broker has it**, as durable as its setting allows (T1).
    /// - A failed message says so in its own place: `Oversize` (checked before anything is sent),
    ///   `Rejected`, `Unroutable`, or `Unknown` if the connection died between send and confirm.
    /// - An outer `Err` means that nothing was sent.
    /// - Calls may overlap: each keeps its own order, and of two either may come first.
    /// - Dropping the future means unknown for each message.
    async fn publish(&self, batch: &[Message]) -> Result<Vec<Result<Receipt>>>;

    /// Waits for what is in flight, then refuses further calls with `Closed`. Idempotent.
    async fn close(&self) -> Result<()>;
}

/// Receives for one group of one topic.
#[async_trait]
pub trait Subscriber: fmt::Debug + Send + Sync {
    /// Waits up to `wait` for at least one delivery, and returns at most `max`; empty on time-out.
    ///
    /// - One call at a time; the pump owns it and never cancels it. Dropping the future may delay
    ///   messages until their lease ends, never loses them.
    /// - A connection that was lost is opened again by the next call; until then `Unavailable`.
    async fn receive(&self, max: NonZeroUsize, wait: Duration) -> Result<Vec<Delivery>>;

    /// Ends deliveries; the results stand in the order of the batch.
    ///
    /// - A token of another connection, assignment or subscriber, or one that was settled before,
    ///   settles nothing and is `StaleLease`.
    /// - `Settle::Retry` is `Unsupported` where the capabilities deny delayed retry.
    /// - An outer `Err` means that nothing was settled.
    async fn settle(&self, batch: &[(AckToken, Settle)]) -> Result<Vec<Result<()>>>;

    /// Renews leases so that each lasts `by` from now; `StaleLease` as for `settle`.
    async fn extend(&self, tokens: &[AckToken], by: Duration) -> Result<Vec<Result<()>>>;

    /// Whether a hand-over may still begin to be handled: false once its partition or lane goes to
    /// another consumer, its lease ended or its connection is lost, as far as the driver knows.
    /// No I/O: the bus asks just before a handler starts, and hands back what is not held.
    fn holds(&self, token: &AckToken) -> bool;

    /// Stops receiving; a blocked `receive` returns `Closed`. Unsettled deliveries go back to the
    /// group, at the latest when their lease ends. Idempotent.
    async fn close(&self) -> Result<()>;
}
