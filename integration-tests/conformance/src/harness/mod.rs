//! What runs the handlers of bus cases: the plain bus, or the bus behind a governor.

mod plain;
mod work;

use std::fmt;
use std::time::Duration;

use async_trait::async_trait;
use bytes::Bytes;
use wingman_core::Result;
use wingman_core::bus::{Bus, Subscription};
use wingman_core::name::TopicName;

pub use plain::PlainBus;
pub use work::Work;

/// The event type that programs outside publish.
pub const ASKED: &str = "Asked";
/// The event type that only the handler [`TELLER`] may publish.
pub const TOLD: &str = "Told";
/// An event type that nobody declared.
pub const STRAY: &str = "Stray";
/// The handler that emits [`TOLD`].
pub const TELLER: &str = "teller";
/// The handler that consumes [`TOLD`].
pub const LISTENER: &str = "listens";

/// Runs handlers, for one run of one case: what it keeps, such as a ledger, is the case's alone.
#[async_trait]
pub trait Harness: fmt::Debug + Send + Sync + 'static {
    /// The part of the tests' names behind the backend: `bus`, `governed`.
    fn name(&self) -> &str;

    /// Whether a governor judges deliveries and records outcomes.
    fn is_governed(&self) -> bool;

    /// Starts a process with one handler; processes of one harness share what they would share as
    /// real ones: the broker, and the ledger.
    ///
    /// # Errors
    /// Those of [`Bus::subscribe`], and those of the harness's own start.
    async fn start(&self, bus: Bus, work: Work) -> Result<Box<dyn Process>>;

    /// Waits until this many deliveries of a topic were given up, at most this long, and takes
    /// what is there, in order.
    ///
    /// # Errors
    /// Those of broker or ledger.
    async fn given_up(
        &self,
        bus: &Bus,
        topic: &TopicName,
        count: usize,
        within: Duration,
    ) -> Result<Vec<GivenUp>>;
}

/// A process that runs one handler. Dropping it lets it go as dropping a subscription does.
#[async_trait]
pub trait Process: fmt::Debug + Send + Sync {
    /// Its subscription.
    fn subscription(&self) -> &Subscription;

    /// Starts no further handler until [`Process::resume`].
    fn pause(&self) {
        self.subscription().pause();
    }

    /// Ends a pause.
    fn resume(&self) {
        self.subscription().resume();
    }

    /// Drains with this grace and ends; returns when it has ended.
    async fn stop(self: Box<Self>, grace: Duration);
}

/// A delivery that was given up on.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct GivenUp {
    /// Why.
    pub why: Why,
    /// What each failed attempt said, the first one first; what was wrong if there was none.
    pub reasons: Vec<String>,
    /// The bytes as published.
    pub payload: Bytes,
}

/// Why a delivery was given up on, as far as plain bus and governor agree.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Why {
    /// It is not an event.
    Undecodable,
    /// Its type has no business with this handler.
    Unexpected,
    /// Nobody who may publish its type did.
    Unrecorded,
    /// The handler said that trying again cannot help.
    Structural,
    /// Every attempt failed.
    Exhausted,
    /// Something that no case asks for.
    Other,
}
