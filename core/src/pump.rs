//! The pump: one task for each topic of a subscription that owns `receive`, never cancels it, and
//! feeds a channel of one batch. It keeps trying while the broker is away.

use std::num::NonZeroUsize;
use std::sync::Arc;
use std::time::Duration;

use tokio::sync::{mpsc, oneshot, watch};

use crate::bus::Backoff;
use crate::bus::backoff::seed;
use crate::bus::subscription::leases::{LeaseBatch, LeaseKeeper};
use crate::bus::subscription::status::Reporter;
use crate::clock::Clock;
use crate::error::{Error, Result, Retry};
use crate::name::{GroupName, TopicName};
use crate::transport::{Delivery, Subscriber, SubscriberOptions, Transport};

/// How long one `receive` waits; a stop is seen at the latest then.
const RECEIVE_WAIT: Duration = Duration::from_secs(1);

/// What a pump brings.
#[derive(Debug)]
pub(crate) enum Pumped {
    /// The subscriber is open; it settles what comes from now on.
    Opened(Arc<dyn Subscriber>),
    /// Deliveries in the broker's order, and their leases where the backend has them.
    Batch(Vec<Delivery>, Option<Arc<LeaseBatch>>),
    /// Trying again cannot help; nothing comes after this.
    Failed(Error),
}

/// A pump before it runs.
pub(crate) struct Pump {
    pub(crate) transport: Arc<dyn Transport>,
    pub(crate) topic: TopicName,
    pub(crate) group: GroupName,
    pub(crate) options: SubscriberOptions,
    pub(crate) batch_max: NonZeroUsize,
    pub(crate) clock: Clock,
    pub(crate) leases: Arc<LeaseKeeper>,
    pub(crate) reporter: Reporter,
    /// True once nothing more is wanted.
    pub(crate) stopped: watch::Receiver<bool>,
    /// A channel of one.
    pub(crate) pumped: mpsc::Sender<Pumped>,
}

/// Nothing more is wanted, or nobody listens.
struct Stopped;

impl Pump {
    /// Runs until it is stopped or an error is permanent. `first` is told how the first try to
    /// open ended: nothing if it worked or is tried again, else the permanent error.
    pub(crate) async fn run(mut self, first: oneshot::Sender<Result<()>>) {
        let Ok(Some(subscriber)) = self.open(first).await else {
            return;
        };
        let opened = Pumped::Opened(Arc::clone(&subscriber));
        if self.pumped.send(opened).await.is_ok() {
            // The end is what was wanted.
            let _: Result<(), Stopped> = self.receive(&subscriber).await;
        }
        // The loop closes it after its last settlement, unless there is none any more.
        if self.pumped.is_closed()
            && let Err(error) = subscriber.close().await
        {
            tracing::warn!(topic = %self.topic, %error, "Closing a subscriber failed");
        }
    }

    async fn open(
        &mut self,
        first: oneshot::Sender<Result<()>>,
    ) -> Result<Option<Arc<dyn Subscriber>>, Stopped> {
        let mut first = Some(first);
        let seed = seed();
        for failures in 1.. {
            let opened = self.transport.subscriber(&self.topic, &self.group, self.options).await;
            match opened {
                Ok(subscriber) => {
                    tell(&mut first, Ok(()));
                    self.reporter.connected();
                    return Ok(Some(Arc::from(subscriber)));
                }
                Err(error) if is_permanent(&error) => {
                    if first.is_some() {
                        tell(&mut first, Err(error));
                    } else {
                        self.fail(error).await;
                    }
                    return Ok(None);
                }
                Err(error) => {
                    tell(&mut first, Ok(()));
                    self.back_off(error, failures, seed).await?;
                }
            }
        }
        Ok(None)
    }

    async fn receive(&mut self, subscriber: &Arc<dyn Subscriber>) -> Result<(), Stopped> {
        let seed = seed();
        let mut failures = 0;
        loop {
            let room = tokio::select! {
                biased;
                () = stopped(&mut self.stopped) => return Err(Stopped),
                room = self.pumped.reserve() => room.map_err(|_| Stopped)?,
            };
            match subscriber.receive(self.batch_max, RECEIVE_WAIT).await {
                Ok(deliveries) => {
                    if failures > 0 {
                        failures = 0;
                        self.reporter.connected();
                    }
                    if deliveries.is_empty() {
                        continue;
                    }
                    let leases = LeaseBatch::of(&deliveries, subscriber);
                    if let Some(leases) = &leases {
                        self.leases.keep(Arc::clone(leases));
                    }
                    self.reporter.received(deliveries.len());
                    room.send(Pumped::Batch(deliveries, leases));
                }
                Err(_) if *self.stopped.borrow() => return Err(Stopped),
                Err(error) if is_permanent(&error) => {
                    drop(room);
                    self.fail(error).await;
                    return Err(Stopped);
                }
                Err(error) => {
                    drop(room);
                    failures += 1;
                    self.back_off(error, failures, seed).await?;
                }
            }
        }
    }

    async fn back_off(&mut self, error: Error, failures: u32, seed: u64) -> Result<(), Stopped> {
        let asked = match error.retry() {
            Retry::Temporary { after } => after.unwrap_or_default(),
            Retry::Permanent | Retry::Ambiguous | Retry::Exhausted => Duration::ZERO,
        };
        let wait = Backoff::default().delay(failures, seed).max(asked);
        self.reporter.disconnected(error, failures, wait);
        tokio::select! {
            () = self.clock.sleep(wait) => Ok(()),
            () = stopped(&mut self.stopped) => Err(Stopped),
        }
    }

    async fn fail(&self, error: Error) {
        // A loop that ended already has said why.
        let _ = self.pumped.send(Pumped::Failed(error)).await;
    }
}

/// Tells whoever subscribed, once; it may have gone away.
fn tell(first: &mut Option<oneshot::Sender<Result<()>>>, result: Result<()>) {
    let _ = first.take().map(|first| first.send(result));
}

/// A connection that died is an ambiguous or temporary matter; what is left would fail again.
fn is_permanent(error: &Error) -> bool {
    match error.retry() {
        Retry::Permanent | Retry::Exhausted => true,
        Retry::Temporary { .. } | Retry::Ambiguous => false,
    }
}

async fn stopped(stopped: &mut watch::Receiver<bool>) {
    // A sender that is gone has stopped us as well.
    let _ = stopped.wait_for(|stopped| *stopped).await;
}
