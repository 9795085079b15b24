//! One stream of a subscription, from its opening to its end, and the task that reads it.

use std::fmt;
use std::num::NonZeroUsize;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use google_cloud_pubsub::subscriber::{MessageStream, ShutdownBehavior};
use tokio::sync::{Notify, watch};
use wingman_core::clock::Clock;
use wingman_core::transport::{AckToken, Delivery, Settle};
use wingman_core::{Error, Kind, Result};

use super::held::{Held, WAITING_BYTES_MAX, WAITING_MAX};
use crate::codec;
use crate::error::{Doing, from_native};
use crate::transport::Link;

/// How long the service keeps a delivery for a stream that went away without a word: the client's
/// shortest.
const LEASE: Duration = Duration::from_secs(10);

pub(super) struct Feed {
    clock: Clock,
    state: Mutex<State>,
    /// A look at what is held is worth while.
    wake: Notify,
    /// There may be room again.
    room: Notify,
    stopping: watch::Sender<bool>,
    ended: watch::Sender<bool>,
}

struct State {
    held: Held,
    /// What ended the stream, until somebody was told.
    failed: Option<Error>,
    /// When something was last heard of the subscription.
    heard: Instant,
}

impl Feed {
    /// Opens a stream and starts to read it.
    pub(super) async fn start(link: &Link, subscription: &str, ordered: bool) -> Result<Arc<Self>> {
        let stream = link
            .subscriber()
            .await?
            .subscribe(subscription)
            .set_max_lease(link.config.hold_time())
            .set_max_lease_extension(LEASE)
            .set_max_outstanding_messages(WAITING_MAX as i64)
            .set_max_outstanding_bytes(WAITING_BYTES_MAX as i64)
            // So that the stream is closed before anything of it is handed back.
            .set_shutdown_behavior(ShutdownBehavior::WaitForProcessing)
            .build();
        let feed = Arc::new(Self {
            clock: Clock::system(),
            state: Mutex::new(State {
                held: Held::new(ordered),
                failed: None,
                heard: Instant::now(),
            }),
            wake: Notify::new(),
            room: Notify::new(),
            stopping: watch::Sender::new(false),
            ended: watch::Sender::new(false),
        });
        tokio::spawn(feed.clone().read(stream));
        Ok(feed)
    }

    async fn read(self: Arc<Self>, mut stream: MessageStream) {
        let shutdown = stream.shutdown_token();
        let mut stopping = self.stopping.subscribe();
        loop {
            tokio::select! {
                biased;
                // The sender lives in `self`.
                _ = stopping.wait_for(|stopping| *stopping) => break,
                () = self.until_room() => {}
            }
            let next = tokio::select! {
                biased;
                _ = stopping.wait_for(|stopping| *stopping) => break,
                next = stream.next() => next,
            };
            match next {
                Some(Ok((mut native, handler))) => {
                    let id = std::mem::take(&mut native.message_id);
                    let message = codec::decode(native);
                    let mut state = self.state();
                    state.heard = Instant::now();
                    state.held.arrived(id, message, handler, self.clock.now());
                }
                Some(Err(error)) => {
                    self.fail(from_native(Doing::Reading, "receive", &error));
                    break;
                }
                None => {
                    self.fail(Error::new(Kind::Unavailable, "the stream ended").during("receive"));
                    break;
                }
            }
            self.wake.notify_one();
        }
        // Tokens are void from here on. What is handed back while the stream is open would be handed
        // out to this very stream, so it is closed first.
        drop(stream);
        self.state().held.clear();
        shutdown.shutdown().await;
        self.ended.send_replace(true);
        self.wake.notify_one();
    }

    fn fail(&self, error: Error) {
        self.state().failed = Some(error);
        self.stop();
    }

    async fn until_room(&self) {
        while !self.state().held.has_room() {
            self.room.notified().await;
        }
    }

    /// What may be handed over now; if nothing, when to look again without being woken.
    pub(super) fn take(&self, max: NonZeroUsize) -> (Vec<Delivery>, Option<Duration>) {
        let now = self.clock.now();
        let mut state = self.state();
        let taken = state.held.take(max, now);
        if taken.is_empty() {
            return (taken, state.held.next_due().map(|due| due - now));
        }
        self.room.notify_one();
        (taken, None)
    }

    /// Ends hand-overs. The client sends acks a moment later.
    pub(super) fn settle(&self, batch: &[(AckToken, Settle)]) -> Vec<Result<()>> {
        let now = self.clock.now();
        let mut state = self.state();
        let over = *self.stopping.borrow();
        let settle = |(token, how): &(AckToken, Settle)| {
            if !over && state.held.settle(token, *how, now) { Ok(()) } else { Err(stale(token)) }
        };
        let results = batch.iter().map(settle).collect();
        drop(state);
        if batch.iter().any(|(_, how)| *how != Settle::Ack) {
            self.wake.notify_one();
        }
        results
    }

    pub(super) fn holds(&self, token: &AckToken) -> bool {
        !*self.stopping.borrow() && self.state().held.holds(token)
    }

    /// What ended it, told once.
    pub(super) fn failure(&self) -> Option<Error> {
        self.state().failed.take()
    }

    pub(super) fn is_over(&self) -> bool {
        *self.ended.borrow()
    }

    /// Whether nothing was heard for so long; asking counts as hearing.
    pub(super) fn is_silent_for(&self, long: Duration) -> bool {
        let mut state = self.state();
        let is_silent = state.heard.elapsed() >= long;
        if is_silent {
            state.heard = Instant::now();
        }
        is_silent
    }

    pub(super) fn stop(&self) {
        self.stopping.send_replace(true);
    }

    /// Returns once the stream is closed.
    pub(super) async fn ended(&self) {
        // The sender lives in `self`.
        let _ = self.ended.subscribe().wait_for(|ended| *ended).await;
    }

    /// Returns once a look is worth while. Cancel-safe.
    pub(super) async fn woken(&self) {
        self.wake.notified().await;
    }

    fn state(&self) -> MutexGuard<'_, State> {
        // Nothing panics half-way through a change, so a poisoned state is still whole.
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl fmt::Debug for Feed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Feed").field("is_over", &self.is_over()).finish_non_exhaustive()
    }
}

fn stale(token: &AckToken) -> Error {
    let why = "the hand-over is over: it was settled before, or its stream ended";
    Error::new(Kind::StaleLease, why).during("settle").with("place", token.position)
}
