//! What may stand between a subscription's lanes and its handlers: the governor, or nothing.

use std::any::Any;
use std::fmt;
use std::num::NonZeroUsize;
use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;

use crate::error::{Error, Result};
use crate::event::CloudEvent;
use crate::handler::Outcome;
use crate::name::TopicName;
use crate::transport::{Delivery, Settle};

/// Judges every delivery before its handler runs and records how it ended, for one handler of one
/// group. Without a gate the bus settles by the handler's outcome alone.
///
/// From a call of [`Gate::turn`] on, the gate owns the conclusions and copies what it needs of the
/// heads; it retries by itself. `Err` means that the gate is closed: the bus then stops taking and
/// settles nothing (G1: no ledger, no work).
#[async_trait]
pub trait Gate: fmt::Debug + Send + Sync + 'static {
    /// Records what concluded, then judges the lane heads that this freed, in one durable step.
    ///
    /// - The verdicts stand in the order of `heads`, the conclusions in the order of `concluded`.
    /// - The bus settles only what is returned, and only after it is returned (T2).
    async fn turn(&self, concluded: Vec<Concluded>, heads: &[Head<'_>]) -> Result<Turned>;

    /// Waits for work that no delivery brings: woken parked deliveries, already judged and started,
    /// and held heads that should be judged again. Never returns an empty list. Cancel-safe.
    async fn ready(&self, max: NonZeroUsize) -> Result<Vec<Work>>;
}

/// Names one run of a handler between verdict and conclusion.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Ticket {
    /// A delivery; the number is the bus's, unique in its subscription.
    Delivery(u64),
    /// Work from the ledger, without a delivery; the number is the gate's.
    Parked(u64),
}

/// A delivery that has become the first of its lane.
#[derive(Debug, Clone, Copy)]
pub struct Head<'a> {
    /// Names it until its conclusion.
    pub ticket: Ticket,
    /// Where it was published.
    pub topic: &'a TopicName,
    /// What the broker handed over.
    pub delivery: &'a Delivery,
    /// What it decodes to, by CloudEvents or the declared mapping.
    pub event: Result<&'a Arc<CloudEvent>, &'a Error>,
}

/// What becomes of a head.
#[derive(Debug)]
pub enum Verdict {
    /// Run the handler; its start is durable.
    Run(Admission),
    /// Do not run it; its outcome, or the delivery itself, is durable.
    Settle(Settle),
    /// Keep it at the head of its lane, and judge it again after this time, or when
    /// [`Gate::ready`] says so.
    Hold {
        /// Judge again then.
        again: Duration,
    },
}

/// Leave to run a handler once.
#[derive(Clone)]
pub struct Admission {
    /// Which attempt this is, from 1.
    pub attempt: u32,
    /// For the gate's own extractors; opaque to the bus.
    pub context: Arc<dyn Any + Send + Sync>,
}

impl fmt::Debug for Admission {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Admission").field("attempt", &self.attempt).finish_non_exhaustive()
    }
}

/// A run that ended.
#[derive(Debug)]
pub struct Concluded {
    /// Which one.
    pub ticket: Ticket,
    /// How.
    pub ending: Ending,
}

/// How a run ended.
#[derive(Debug, Clone, PartialEq)]
pub enum Ending {
    /// The handler returned.
    Returned(Outcome),
    /// The handler panicked; counts as an environmental failure of this attempt.
    Panicked {
        /// The panic's message.
        message: String,
    },
    /// The handler ran longer than its contract allows and was cancelled.
    TimedOut,
    /// The grace time of a drain ended and the handler was cancelled; no attempt is counted.
    Abandoned,
}

/// What the bus does with a delivery whose run ended. Parked work has no delivery: nothing is done.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Conclusion {
    /// Settle it.
    Settle(Settle),
    /// Keep it at the head of its lane and judge it again after this time.
    Again {
        /// Judge again then.
        after: Duration,
    },
}

/// What one turn made durable.
#[derive(Debug, Default)]
pub struct Turned {
    /// One for each head.
    pub verdicts: Vec<Verdict>,
    /// One for each conclusion.
    pub conclusions: Vec<Conclusion>,
}

/// Work that no delivery brings.
#[derive(Debug)]
pub enum Work {
    /// A parked delivery whose wait is over; run it beside the lanes and conclude its ticket.
    Run {
        /// Always [`Ticket::Parked`].
        ticket: Ticket,
        /// What the handler gets.
        event: Arc<CloudEvent>,
        /// Leave to run, already durable.
        admission: Admission,
    },
    /// A held head should be judged now.
    Judge(Ticket),
}
