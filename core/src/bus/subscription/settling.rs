//! Settlements of one topic: gathered over a turn of the loop, sent in one call, repeated while
//! that can help.

use std::sync::Arc;
use std::task::{Context, Poll, ready};
use std::time::Duration;

use super::leases::LeaseSlot;
use crate::bus::Backoff;
use crate::bus::backoff::seed;
use crate::clock::Clock;
use crate::error::{Error, Kind, Result, Retry};
use crate::handler::BoxFuture;
use crate::transport::{AckToken, Settle, Subscriber};

/// How long one call of the driver may take.
const SETTLE_TIMEOUT: Duration = Duration::from_secs(30);
/// How often one settlement is tried; afterwards the lease ends and the delivery comes again.
const ATTEMPTS_MAX: u32 = 8;

/// A call of the driver under way; it gives the settlements back with its answer.
type Call = BoxFuture<(Vec<Settlement>, Result<Vec<Result<()>>>)>;

/// One settlement on its way.
#[derive(Debug)]
pub(crate) struct Settlement {
    pub(crate) token: AckToken,
    pub(crate) settle: Settle,
    /// Kept alive until the broker has answered.
    pub(crate) lease: Option<LeaseSlot>,
    /// Counted until the broker has answered.
    pub(crate) bytes: usize,
    pub(crate) attempts: u32,
}

/// What became of settlements.
#[derive(Debug, Default)]
pub(crate) struct Settled {
    /// Those that ended, with what the broker said.
    pub(crate) ended: Vec<(Settlement, Result<()>)>,
}

/// The settlements of one topic's subscriber.
pub(crate) struct Settling {
    clock: Clock,
    seed: u64,
    subscriber: Option<Arc<dyn Subscriber>>,
    pending: Vec<Settlement>,
    in_flight: Option<Call>,
}

impl Settling {
    pub(crate) fn new(clock: Clock) -> Self {
        Self { clock, seed: seed(), subscriber: None, pending: Vec::new(), in_flight: None }
    }

    pub(crate) fn opened(&mut self, subscriber: Arc<dyn Subscriber>) {
        self.subscriber = Some(subscriber);
    }

    pub(crate) fn subscriber(&self) -> Option<&Arc<dyn Subscriber>> {
        self.subscriber.as_ref()
    }

    /// Whether a hand-over may still begin to be handled.
    pub(crate) fn holds(&self, token: &AckToken) -> bool {
        self.subscriber.as_ref().is_some_and(|subscriber| subscriber.holds(token))
    }

    pub(crate) fn push(&mut self, settlement: Settlement) {
        self.pending.push(settlement);
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.pending.is_empty() && self.in_flight.is_none()
    }

    /// Sends what is pending, if nothing is on its way; true if it did.
    pub(crate) fn flush(&mut self) -> bool {
        let Some(subscriber) = &self.subscriber else {
            return false;
        };
        if self.in_flight.is_some() || self.pending.is_empty() {
            return false;
        }
        let settlements = std::mem::take(&mut self.pending);
        let failures = settlements.iter().map(|settlement| settlement.attempts).max();
        let wait = match failures.unwrap_or_default() {
            0 => None,
            failures => Some(Backoff::default().delay(failures, self.seed)),
        };
        let (subscriber, clock) = (Arc::clone(subscriber), self.clock.clone());
        self.in_flight = Some(Box::pin(async move {
            if let Some(wait) = wait {
                clock.sleep(wait).await;
            }
            let batch: Vec<_> = (settlements.iter())
                .map(|settlement| (settlement.token.clone(), settlement.settle))
                .collect();
            let results = tokio::select! {
                results = subscriber.settle(&batch) => results,
                () = clock.sleep(SETTLE_TIMEOUT) => Err(late()),
            };
            (settlements, results)
        }));
        true
    }

    /// What the last call did; pending while none is on its way.
    pub(crate) fn poll(&mut self, cx: &mut Context<'_>) -> Poll<Settled> {
        let Some(call) = &mut self.in_flight else {
            return Poll::Pending;
        };
        let (settlements, results) = ready!(call.as_mut().poll(cx));
        self.in_flight = None;
        Poll::Ready(self.sort(settlements, results))
    }

    /// Keeps what should be tried again; the rest has ended.
    fn sort(&mut self, settlements: Vec<Settlement>, results: Result<Vec<Result<()>>>) -> Settled {
        let mut results: Box<dyn Iterator<Item = Result<()>>> = match results {
            Ok(results) => Box::new(results.into_iter()),
            Err(error) => Box::new(std::iter::repeat_with(move || Err(error.repeat()))),
        };
        let mut again = Vec::new();
        let mut settled = Settled::default();
        for mut settlement in settlements {
            settlement.attempts += 1;
            match results.next().unwrap_or_else(|| Err(unanswered())) {
                Err(error) if may_help(&error) && settlement.attempts < ATTEMPTS_MAX => {
                    again.push(settlement);
                }
                result => settled.ended.push((settlement, result)),
            }
        }
        // What was asked for first goes first.
        again.append(&mut self.pending);
        self.pending = again;
        settled
    }
}

/// Settling twice is harmless: the second time the token is stale.
fn may_help(error: &Error) -> bool {
    match error.retry() {
        Retry::Temporary { .. } | Retry::Ambiguous => true,
        Retry::Permanent | Retry::Exhausted => false,
    }
}

fn late() -> Error {
    Error::new(Kind::Timeout, "the broker did not answer in time").during("settle")
}

fn unanswered() -> Error {
    Error::new(Kind::Internal, "the driver did not answer for each settlement").during("settle")
}
