//! Keeps leases alive from the moment of broker receipt until settlement, on a thread of its own,
//! so that a handler that blocks its runtime's worker keeps its lease.

use std::fmt;
use std::sync::atomic::{AtomicBool, AtomicU8, AtomicU64, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use tokio::runtime::{Builder, Handle};
use tokio::sync::Notify;

use super::signals::Signals;
use crate::clock::{Clock, Timestamp};
use crate::error::{Error, Kind, Result};
use crate::transport::{AckToken, Delivery, Subscriber};

const HELD: u8 = 0;
const ENDED: u8 = 1;
const LOST: u8 = 2;

/// Renewed when a third of the lease is over; after a failed call, a twelfth later.
const RENEWAL_PART: u32 = 3;
const REPEAT_PART: u32 = 12;

/// The leases of one batch: one allocation, and one atomic write when a delivery is settled.
#[derive(Debug)]
pub(crate) struct LeaseBatch {
    subscriber: Arc<dyn Subscriber>,
    lease: Duration,
    due_millis: AtomicU64,
    open: AtomicUsize,
    leases: Box<[(AckToken, AtomicU8)]>,
}

/// One delivery's place in its batch; dropping it ends the renewal.
pub(crate) struct LeaseSlot {
    batch: Arc<LeaseBatch>,
    index: usize,
}

impl LeaseBatch {
    /// The leases of these deliveries; `None` if the backend has none.
    pub(crate) fn of(
        deliveries: &[Delivery],
        subscriber: &Arc<dyn Subscriber>,
    ) -> Option<Arc<Self>> {
        let lease = deliveries.iter().filter_map(|delivery| delivery.lease).min()?;
        let received = deliveries.iter().map(|delivery| delivery.received).min()?;
        let leases =
            deliveries.iter().map(|delivery| (delivery.token.clone(), AtomicU8::new(HELD)));
        Some(Arc::new(Self {
            subscriber: Arc::clone(subscriber),
            lease,
            due_millis: AtomicU64::new((received + lease / RENEWAL_PART).as_millis()),
            open: AtomicUsize::new(deliveries.len()),
            leases: leases.collect(),
        }))
    }

    /// The places of its deliveries, in order; to be taken once.
    pub(crate) fn slots(self: &Arc<Self>) -> impl Iterator<Item = LeaseSlot> {
        (0..self.leases.len()).map(|index| LeaseSlot { batch: Arc::clone(self), index })
    }

    fn is_open(&self) -> bool {
        self.open.load(Ordering::Acquire) > 0
    }

    fn due(&self) -> Timestamp {
        Timestamp::from_millis(self.due_millis.load(Ordering::Acquire))
    }

    /// Renews what is still held; true if something was lost.
    async fn renew(&self, clock: &Clock) -> bool {
        let held: Vec<_> = (self.leases.iter())
            .filter(|(_, state)| state.load(Ordering::Acquire) == HELD)
            .collect();
        let tokens: Vec<_> = held.iter().map(|(token, _)| token.clone()).collect();
        let asked = clock.now();
        let renewed = tokio::select! {
            renewed = self.subscriber.extend(&tokens, self.lease) => renewed,
            () = clock.sleep(self.lease / RENEWAL_PART) => Err(late()),
        };
        let mut next = asked + self.lease / RENEWAL_PART;
        let mut lost = false;
        let mut failed = |error: &Error| {
            tracing::warn!(%error, "Renewing a lease failed and is tried again");
            next = next.min(clock.now() + self.lease / REPEAT_PART);
        };
        match renewed {
            Ok(results) => {
                for (result, (_, state)) in results.iter().zip(held) {
                    match result {
                        Ok(()) => {}
                        Err(error) if error.kind() == Kind::StaleLease => {
                            lost |= state
                                .compare_exchange(HELD, LOST, Ordering::AcqRel, Ordering::Acquire)
                                .is_ok();
                        }
                        Err(error) => failed(error),
                    }
                }
            }
            Err(error) => failed(&error),
        }
        self.due_millis.store(next.as_millis(), Ordering::Release);
        lost
    }
}

fn late() -> Error {
    Error::new(Kind::Timeout, "the broker did not answer in time").during("extend")
}

impl LeaseSlot {
    /// Whether the broker said that the delivery is not ours any more.
    pub(crate) fn is_lost(&self) -> bool {
        self.batch.leases[self.index].1.load(Ordering::Acquire) == LOST
    }
}

impl Drop for LeaseSlot {
    fn drop(&mut self) {
        self.batch.leases[self.index].1.store(ENDED, Ordering::Release);
        self.batch.open.fetch_sub(1, Ordering::AcqRel);
    }
}

impl fmt::Debug for LeaseSlot {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("LeaseSlot").field("lost", &self.is_lost()).finish_non_exhaustive()
    }
}

/// Hands batches to the thread of a subscription; dropping the last one ends the thread.
#[derive(Debug)]
pub(crate) struct LeaseKeeper {
    shared: Arc<Shared>,
}

#[derive(Debug)]
struct Shared {
    batches: Mutex<Batches>,
    changed: Notify,
    stopped: AtomicBool,
}

#[derive(Debug, Default)]
struct Batches {
    kept: Vec<Arc<LeaseBatch>>,
    /// Ended batches are dropped when this many are kept.
    sweep_at: usize,
    /// What the thread sleeps for; `None` if it sleeps until it is woken.
    awaited: Option<Timestamp>,
}

/// The fewest kept batches that are worth a sweep.
const SWEEP_MIN: usize = 64;

impl LeaseKeeper {
    /// Starts the thread; calls of drivers run on it, inside the current runtime.
    ///
    /// # Errors
    /// [`Kind::Overloaded`] if the system gives no thread.
    pub(crate) fn start(clock: Clock, signals: Arc<Signals>) -> Result<Self> {
        let failed = |error| {
            Error::new(Kind::Overloaded, "the thread that renews leases did not start")
                .because(error)
        };
        let shared = Arc::new(Shared {
            batches: Mutex::default(),
            changed: Notify::new(),
            stopped: AtomicBool::new(false),
        });
        // Waits run on the thread's own timer, so that they outlive the runtime of the drivers.
        let waits = Builder::new_current_thread().enable_time().build().map_err(failed)?;
        let calls = Handle::current();
        let thread = Arc::clone(&shared);
        std::thread::Builder::new()
            .name("wingman-leases".into())
            .spawn(move || {
                while !thread.stopped.load(Ordering::Acquire) {
                    waits.block_on(thread.wait(&clock));
                    for batch in thread.due(clock.now()) {
                        if calls.block_on(batch.renew(&clock)) {
                            signals.lose();
                        }
                    }
                }
            })
            .map_err(failed)?;
        Ok(Self { shared })
    }

    /// Keeps a batch from now on.
    pub(crate) fn keep(&self, batch: Arc<LeaseBatch>) {
        let mut batches = self.shared.lock();
        if batches.kept.len() >= batches.sweep_at {
            batches.kept.retain(|batch| batch.is_open());
            batches.sweep_at = (2 * batches.kept.len()).max(SWEEP_MIN);
        }
        // Waking a thread costs more than many messages; mostly an earlier batch is awaited.
        let wakes = batches.awaited.is_none_or(|awaited| batch.due() < awaited);
        batches.kept.push(batch);
        drop(batches);
        if wakes {
            self.shared.changed.notify_one();
        }
    }

    /// Ends the thread.
    pub(crate) fn stop(&self) {
        self.shared.stopped.store(true, Ordering::Release);
        self.shared.changed.notify_one();
    }

    /// Whether nothing is due at this time.
    pub(crate) fn is_ahead_of(&self, now: Timestamp) -> bool {
        let batches = self.shared.lock();
        let mut open = batches.kept.iter().filter(|batch| batch.is_open());
        open.all(|batch| batch.due() > now)
    }
}

impl Drop for LeaseKeeper {
    fn drop(&mut self) {
        self.stop();
    }
}

impl Shared {
    fn lock(&self) -> std::sync::MutexGuard<'_, Batches> {
        self.batches.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Waits until a batch is due or another one came.
    async fn wait(&self, clock: &Clock) {
        let due = {
            let mut batches = self.lock();
            batches.kept.retain(|batch| batch.is_open());
            batches.awaited = batches.kept.iter().map(|batch| batch.due()).min();
            batches.awaited
        };
        match due {
            Some(due) => tokio::select! {
                () = clock.sleep_until(due) => {}
                () = self.changed.notified() => {}
            },
            None => self.changed.notified().await,
        }
    }

    fn due(&self, now: Timestamp) -> Vec<Arc<LeaseBatch>> {
        let batches = self.lock();
        let due = batches.kept.iter().filter(|batch| batch.is_open() && batch.due() <= now);
        due.cloned().collect()
    }
}
