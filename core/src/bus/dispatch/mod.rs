//! The loop of one subscription: takes from its pumps, starts the heads of lanes, learns how runs
//! ended and settles. One task; what it decides stands in `local` (no gate) or `gated`.

mod drain;
mod gated;
mod intake;
mod local;

use std::collections::VecDeque;
use std::future::poll_fn;
use std::sync::Arc;
use std::task::{Context, Poll};

use futures_util::StreamExt as _;
use futures_util::stream::FuturesUnordered;
use tokio::sync::{mpsc, watch};

use self::drain::Leaving;
use self::gated::{Gated, Turn};
use super::subscription::entries::{Entries, Number, Stage};
use super::subscription::following::{Followed, Follower};
use super::subscription::histories::Histories;
use super::subscription::lanes::Lanes;
use super::subscription::leases::{LeaseKeeper, LeaseSlot};
use super::subscription::runs::Runs;
use super::subscription::settling::{Settled, Settlement, Settling};
use super::subscription::signals::Signals;
use super::subscription::status::{Counts, SubscriptionState, SubscriptionStatus};
use super::subscription::timer::{Held, Timer};
use super::subscription::{Finished, SubscriptionOptions};
use crate::clock::{Clock, Timestamp};
use crate::error::{Error, Kind, Result};
use crate::gate::{Ending, Ticket, Work};
use crate::handler::BoxFuture;
use crate::pump::Pumped;
use crate::transport::{Delivery, Settle};

/// Events that one turn takes before it admits, judges and settles.
const EVENTS_MAX: usize = 256;

/// One topic of the subscription.
pub(crate) struct Source {
    pub(crate) pumped: mpsc::Receiver<Pumped>,
    pub(crate) settling: Settling,
}

/// A delivery that is not in the lanes yet.
struct Arrival {
    source: usize,
    delivery: Delivery,
    lease: Option<LeaseSlot>,
}

/// Something that happened.
enum Event {
    Pumped(usize, Pumped),
    Ran(Ticket, Ending),
    Followed(Followed),
    Turned(Turn),
    Ready(Result<Vec<Work>>),
    Settled(Settled),
    Due,
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
        let mut events = 0;
        while events < EVENTS_MAX
            && let Poll::Ready(event) = self.poll_event(cx)
        {
            self.on(event, cx);
            events += 1;
        }
        moved |= self.admit(cx);
        moved |= self.take_up(cx);
        moved |= self.turn();
        for source in &mut self.parts.sources {
            moved |= source.settling.flush();
        }
        if !moved && events == 0 {
            return Poll::Pending;
        }
        self.report();
        Poll::Ready(())
    }

    fn poll_event(&mut self, cx: &mut Context<'_>) -> Poll<Event> {
        for source in &mut self.parts.sources {
            if let Poll::Ready(settled) = source.settling.poll(cx) {
                return Poll::Ready(Event::Settled(settled));
            }
        }
        if let Poll::Ready((ticket, ending)) = self.runs.poll(cx) {
            return Poll::Ready(Event::Ran(ticket, ending));
        }
        if let Poll::Ready(Some(followed)) = self.following.poll_next_unpin(cx) {
            return Poll::Ready(Event::Followed(followed));
        }
        let accepts = self.accepts_work();
        if let Some(gated) = &mut self.gated {
            if let Poll::Ready(turn) = gated.poll_turn(cx) {
                return Poll::Ready(Event::Turned(turn));
            }
            if accepts && let Poll::Ready(work) = gated.poll_ready(cx) {
                return Poll::Ready(Event::Ready(work));
            }
        }
        if self.wants_more() {
            for (index, source) in self.parts.sources.iter_mut().enumerate() {
                if let Poll::Ready(Some(pumped)) = source.pumped.poll_recv(cx) {
                    return Poll::Ready(Event::Pumped(index, pumped));
                }
            }
        }
        let due = self.next_due();
        self.timer.poll(due, cx).map(|()| Event::Due)
    }

    fn on(&mut self, event: Event, cx: &mut Context<'_>) {
        match event {
            Event::Pumped(source, pumped) => self.on_pumped(source, pumped),
            Event::Ran(ticket, ending) => self.ended(ticket, ending),
            Event::Followed(followed) => self.followed(followed),
            Event::Turned(turn) => self.turned(turn, cx),
            Event::Ready(work) => self.ready(work, cx),
            Event::Settled(settled) => self.settled(settled),
            Event::Due => self.due(),
        }
    }

    /// How a run ended.
    fn ended(&mut self, ticket: Ticket, ending: Ending) {
        if self.gated.is_some() {
            self.conclude(ticket, ending);
        } else if let Ticket::Delivery(number) = ticket {
            self.judge(Number::from_u64(number), ending);
        }
    }

    fn next_due(&mut self) -> Option<Timestamp> {
        let leaving = self.leaving.as_ref().map(Leaving::next_due);
        let due = [self.held.next(), self.runs.next_deadline(), leaving];
        due.into_iter().flatten().min()
    }

    fn due(&mut self) {
        let now = self.parts.clock.now();
        self.runs.time_out(now);
        while let Some(number) = self.held.pop_due(now) {
            self.reconsider(number);
        }
        self.leave_further(now);
    }

    /// Keeps a head until then; what is behind it waits too.
    fn hold(&mut self, number: Number, wait: std::time::Duration) {
        if self.leaving.is_some() {
            return self.settle(number, Settle::Release);
        }
        let until = self.parts.clock.now() + wait;
        if let Some(entry) = self.entries.get_mut(number) {
            entry.stage = Stage::Held { until };
            self.held.insert(until, number);
        }
    }

    /// A held head is a head again.
    fn reconsider(&mut self, number: Number) {
        if let Some(entry) = self.entries.get_mut(number)
            && let Stage::Held { until } = entry.stage
        {
            entry.stage = Stage::Queued;
            self.held.remove(until, number);
            self.heads.push_back(number);
        }
    }

    /// Ends an entry. Handing back the head of a lane hands back all behind it first, tail first.
    fn settle(&mut self, number: Number, settle: Settle) {
        let Some(entry) = self.entries.get_mut(number) else {
            return;
        };
        if let Some(key) = entry.lane.clone() {
            match settle {
                Settle::Release | Settle::Retry { .. } => self.hand_back_behind(&key),
                Settle::Ack => {}
            }
            self.heads.extend(self.lanes.advance(&key));
        }
        self.send(number, settle);
    }

    /// Sends the settlement of an entry that has left its lane.
    fn send(&mut self, number: Number, settle: Settle) {
        let Some(entry) = self.entries.remove(number) else {
            return;
        };
        self.counts.settling += 1;
        self.parts.sources[entry.source].settling.push(Settlement {
            bytes: entry.delivery.message.size_bytes(),
            token: entry.delivery.token,
            settle,
            lease: entry.lease,
            attempts: 0,
        });
    }

    fn settled(&mut self, settled: Settled) {
        for (settlement, result) in settled.ended {
            self.counts.settling -= 1;
            self.counts.bytes -= settlement.bytes;
            drop(settlement.lease);
            match (result, settlement.settle) {
                (Ok(()), Settle::Ack) => self.counts.acked += 1,
                (Ok(()), Settle::Release) => self.counts.released += 1,
                (Ok(()), Settle::Retry { .. }) => {}
                (Err(error), _) if error.kind() == Kind::StaleLease => self.counts.stale += 1,
                (Err(error), _) => {
                    self.counts.unsettled += 1;
                    self.fail(error);
                }
            }
        }
    }

    /// Reports an error that does not end the subscription.
    fn fail(&mut self, error: Error) {
        tracing::warn!(group = %self.parts.options.group, %error, "A delivery was not settled and comes again");
        self.last_error = Some(Arc::new(error));
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
