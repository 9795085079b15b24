//! One group's subscription: its handle here, its parts in the modules.

pub mod dead_letter;
mod declared;
pub(crate) mod entries;
pub(crate) mod following;
pub(crate) mod histories;
pub(crate) mod judge;
pub(crate) mod lanes;
pub(crate) mod leases;
mod mapping;
mod open;
mod options;
pub(crate) mod runs;
pub(crate) mod settling;
pub(crate) mod signals;
pub(crate) mod status;
pub(crate) mod timer;

use std::sync::Arc;
use std::time::Duration;

use tokio::sync::watch;

pub use declared::{Declared, Place};
pub use mapping::Mapping;
pub(crate) use open::open;
pub use options::SubscriptionOptions;
pub use status::{Counts, SubscriptionState, SubscriptionStatus};

use self::leases::LeaseKeeper;
use self::signals::Signals;
use crate::error::{Error, Kind, Result};
use crate::name::{GroupName, TopicName};

/// A running subscription. Dropping the handle drains it in the background, with the grace of its
/// options.
#[derive(Debug)]
pub struct Subscription {
    control: Arc<Control>,
    drain_grace: Duration,
}

/// What a drain did.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct DrainReport {
    /// Deliveries that were finished and acked.
    pub acked: u64,
    /// Deliveries that were handed back; one counts twice if the broker handed it over once more
    /// before the last `receive` ended.
    pub released: u64,
    /// Runs that were cancelled when the grace ended; their deliveries count elsewhere too.
    pub abandoned: usize,
    /// Deliveries that were neither confirmed nor refused in time; their leases end by themselves.
    pub unsettled: usize,
}

impl Subscription {
    /// Starts no further handler until [`Subscription::resume`]; leases are kept alive.
    pub fn pause(&self) {
        self.control.signals.pause(true);
    }

    /// Ends a pause.
    pub fn resume(&self) {
        self.control.signals.pause(false);
    }

    /// How it is doing now.
    pub fn status(&self) -> SubscriptionStatus {
        self.control.status.borrow().clone()
    }

    /// Returns once the status fulfils a condition, or the subscription ended. Cancel-safe.
    pub async fn wait_until(&self, condition: impl FnMut(&SubscriptionStatus) -> bool) {
        // A sender that is gone means the end.
        let _ = self.control.status.clone().wait_for(condition).await;
    }

    /// Takes nothing more, hands back what is queued, waits for what runs until the grace ends,
    /// then cancels it (T5). Five seconds after the grace nothing is waited for any more.
    pub async fn drain(&self, grace: Duration) -> DrainReport {
        self.control.drain(grace).await
    }

    /// Returns when it has ended.
    ///
    /// # Errors
    /// What ended it, unless it was drained: a permanent error of a topic (`NotFound`,
    /// `Forbidden`, …), a dead letter that the broker refuses for its size or its bytes
    /// ([`Kind::Oversize`], [`Kind::Rejected`]), or [`Kind::GateClosed`].
    pub async fn closed(&self) -> Result<()> {
        self.control.closed().await
    }
}

impl Drop for Subscription {
    fn drop(&mut self) {
        self.control.signals.drain(self.drain_grace);
    }
}

/// How a subscription ended.
#[derive(Debug)]
pub(crate) struct Finished {
    pub(crate) report: DrainReport,
    pub(crate) error: Option<Arc<Error>>,
}

/// What the bus and the handle share.
#[derive(Debug)]
pub(crate) struct Control {
    pub(crate) topics: Vec<TopicName>,
    pub(crate) group: GroupName,
    pub(crate) lease: Duration,
    pub(crate) signals: Arc<Signals>,
    pub(crate) status: watch::Receiver<SubscriptionStatus>,
    pub(crate) finished: watch::Receiver<Option<Arc<Finished>>>,
    pub(crate) leases: Arc<LeaseKeeper>,
}

impl Control {
    pub(crate) async fn drain(&self, grace: Duration) -> DrainReport {
        self.signals.drain(grace);
        self.end().await.map_or_else(DrainReport::default, |end| end.report)
    }

    async fn closed(&self) -> Result<()> {
        let Some(end) = self.end().await else {
            let text = "the subscription's task ended before its time";
            return Err(Error::new(Kind::Internal, text).with("group", &self.group));
        };
        end.error.as_ref().map_or(Ok(()), |error| Err(error.repeat()))
    }

    async fn end(&self) -> Option<Arc<Finished>> {
        let mut finished = self.finished.clone();
        let finished = finished.wait_for(Option::is_some).await;
        finished.ok().and_then(|finished| finished.clone())
    }

    pub(crate) fn has_ended(&self) -> bool {
        self.finished.borrow().is_some() || self.finished.has_changed().is_err()
    }
}
