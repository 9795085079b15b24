//! The loop of one subscription: takes from its pumps, starts the heads of lanes, learns how runs
//! ended and settles. One task; what it decides stands in `local` (no gate) or `gated`.

mod drain;
mod events;
mod gated;
mod intake;
mod local;
mod lost;
mod regain;
mod settle;

use std::collections::VecDeque;
use std::future::poll_fn;
use std::sync::Arc;
use std::task::{Context, Poll};

use bytes::Bytes;
use futures_util::stream::FuturesUnordered;
use tokio::sync::{mpsc, watch};

use self::drain::Leaving;
use self::gated::Gated;
pub(crate) use self::regain::Generations;
use super::subscription::entries::{Entries, Number};
use super::subscription::following::{Followed, Follower};
use super::subscription::histories::Histories;
use super::subscription::lanes::Lanes;
use super::subscription::leases::{LeaseKeeper, LeaseSlot};
use super::subscription::runs::Runs;
use super::subscription::settling::Settling;
use super::subscription::signals::Signals;
use super::subscription::status::{Counts, SubscriptionState, SubscriptionStatus};
use super::subscription::timer::{Held, Timer};
use super::subscription::{Finished, SubscriptionOptions};
use crate::clock::Clock;
use crate::error::Error;
use crate::handler::BoxFuture;
use crate::pump::Pumped;
use crate::transport::Delivery;

/// One topic of the subscription.
pub(crate) struct Source {
    pub(crate) pumped: mpsc::Receiver<Pumped>,
    pub(crate) settling: Settling,
    pub(crate) generations: Generations,
}

/// A delivery that is not in the lanes yet.
struct Arrival {
    source: usize,
    delivery: Delivery,
    lease: Option<LeaseSlot>,
}

impl Arrival {
    /// The key of the lane that it will be in.
    fn lane(&self, options: &SubscriptionOptions) -> Option<Bytes> {
        let topic = &options.topics[self.source];
        options.mapping.lane(topic, &self.delivery).filter(|_| options.ordered)
    }
}

/// What a loop is made of.
pub(crate) struct Parts {
    pub(crate) options: SubscriptionOptions,
    pub(crate) clock: Clock,
    pub(crate) retries_at_broker: bool,
    pub(crate) follower: Arc<Follower>,
    pub(crate) sources: Vec<Source>,
    pub(crate) leases: Arc<LeaseKeeper>,
    pub(crate) signals: Arc<Signals>,
    pub(crate) status: Arc<watch::Sender<SubscriptionStatus>>,
    pub(crate) stop: watch::Sender<bool>,
}

/// The loop's state.
pub(crate) struct Dispatch {
    parts: Parts,
    consumes: Vec<&'static str>,
    seed: u64,
    inbox: VecDeque<Arrival>,
    /// Arrivals taken from the inbox since the last report.
    taken: usize,
    arrived: u64,
    /// Whether something is held that an earlier connection handed over.
    regaining: bool,
    entries: Entries,
    lanes: Lanes,
    /// Heads that nobody has taken up yet.
    heads: VecDeque<Number>,
    held: Held,
    runs: Runs,
    following: FuturesUnordered<BoxFuture<Followed>>,
    histories: Histories,
    gated: Option<Gated>,
    timer: Timer,
    counts: Counts,
    last_error: Option<Arc<Error>>,
    leaving: Option<Leaving>,
}

impl Dispatch {
    pub(crate) fn new(parts: Parts) -> Self {
        Self {
            consumes: parts.options.handler.signature().consumes,
            seed: super::backoff::seed(),
            inbox: VecDeque::new(),
            taken: 0,
            arrived: 0,
            regaining: false,
            entries: Entries::default(),
            lanes: Lanes::default(),
            heads: VecDeque::new(),
            held: Held::default(),
            runs: Runs::new(parts.clock.clone(), parts.options.run_time_max),
            following: FuturesUnordered::new(),
            histories: Histories::default(),
            gated: parts.options.gate.clone().map(Gated::new),
            timer: Timer::new(parts.clock.clone()),
            counts: Counts::default(),
            last_error: None,
            leaving: None,
            parts,
        }
    }

    /// Runs until a drain has ended.
    pub(crate) async fn run(mut self, finished: watch::Sender<Option<Arc<Finished>>>) {
        while !self.has_left() {
            poll_fn(|cx| self.poll_turn(cx)).await;
            tokio::task::consume_budget().await;
        }
        let end = self.close().await;
        finished.send_replace(Some(Arc::new(end)));
    }

    /// Takes what happened, then starts what can start, then settles. Pending once nothing moves.
    fn poll_turn(&mut self, cx: &mut Context<'_>) -> Poll<()> {
        self.parts.signals.register(cx.waker());
        let mut moved = self.heed();
        moved |= self.take_events(cx);
        moved |= self.admit(cx);
        moved |= self.take_up(cx);
        moved |= self.turn();
        for source in &mut self.parts.sources {
            moved |= source.settling.flush();
        }
        if !moved {
            return Poll::Pending;
        }
        self.report();
        Poll::Ready(())
    }

    fn report(&mut self) {
        let running = self.runs.len();
        let (held, following) = (self.held.len(), self.following.len());
        let parked = self.gated.as_ref().map_or(0, Gated::parked_running);
        let queued = self.lanes.waiting();
        let elsewhere = running + held + following + queued;
        let judging = (self.entries.len() + parked).saturating_sub(elsewhere);
        let state = self.state();
        let (counts, taken) = (self.counts, std::mem::take(&mut self.taken));
        let last_error = self.last_error.take();
        self.parts.status.send_modify(|status| {
            status.state = state;
            status.counts = Counts {
                waiting: status.counts.waiting - taken,
                received: status.counts.received,
                queued,
                judging,
                running,
                held,
                following,
                ..counts
            };
            if last_error.is_some() {
                status.last_error = last_error;
            }
        });
    }

    fn state(&self) -> SubscriptionState {
        if self.gated.as_ref().is_some_and(Gated::is_closed) {
            SubscriptionState::GateClosed
        } else if self.leaving.is_some() {
            SubscriptionState::Draining
        } else if self.parts.signals.is_paused() {
            SubscriptionState::Paused
        } else {
            SubscriptionState::Running
        }
    }
}
