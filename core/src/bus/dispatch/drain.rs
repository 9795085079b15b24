//! The end of a subscription: queued deliveries go back tail first, running ones get the grace,
//! then they are cancelled, and their leases are let go only after that (T5).

use std::sync::Arc;
use std::time::Duration;

use super::Dispatch;
use crate::bus::subscription::entries::{Number, Stage};
use crate::bus::subscription::status::SubscriptionState;
use crate::bus::subscription::timer::Held;
use crate::bus::subscription::{DrainReport, Finished};
use crate::clock::Timestamp;
use crate::error::{Error, Kind};
use crate::gate::Ending;
use crate::transport::Settle;

/// After the grace, the broker and the gate get this long to answer for what was cancelled.
const ANSWERS_WITHIN: Duration = Duration::from_secs(5);

/// How far a subscription's end is.
#[derive(Debug)]
pub(super) struct Leaving {
    /// Running handlers are cancelled then; `None` if they were, or may take their time.
    cancel_at: Option<Timestamp>,
    /// Nothing is waited for any more then.
    end_at: Timestamp,
    acked_before: u64,
    released_before: u64,
    abandoned: usize,
    error: Option<Error>,
    over: bool,
}

impl Leaving {
    pub(super) fn next_due(&self) -> Timestamp {
        self.cancel_at.unwrap_or(self.end_at)
    }
}

impl Dispatch {
    /// Begins to drain, or shortens the grace of a drain that goes on.
    pub(super) fn leave(&mut self, grace: Duration, error: Option<Error>) {
        if self.begin_leaving(grace, error) {
            self.hand_back_queued();
        }
    }

    /// The gate is closed: what runs may end within the grace, nothing is settled.
    pub(super) fn leave_unsettled(&mut self, error: Error) {
        let error = Error::new(Kind::GateClosed, "the gate is closed").because(error);
        self.begin_leaving(self.parts.options.drain_grace, Some(error));
        self.forget_inbox();
        self.heads.clear();
        let kept: Vec<_> = (self.entries.iter())
            .filter(|(_, entry)| !matches!(entry.stage, Stage::Running { .. }))
            .map(|(number, _)| number)
            .collect();
        for number in kept {
            self.forget(number);
        }
        self.held = Held::default();
    }

    /// False if it has begun already; then the shorter grace and the first error count.
    fn begin_leaving(&mut self, grace: Duration, error: Option<Error>) -> bool {
        let cancel_at = self.parts.clock.now() + grace;
        let end_at = cancel_at + ANSWERS_WITHIN;
        if let Some(leaving) = &mut self.leaving {
            leaving.cancel_at = leaving.cancel_at.map(|earlier| earlier.min(cancel_at));
            leaving.end_at = leaving.end_at.min(end_at);
            leaving.error = leaving.error.take().or(error);
            return false;
        }
        tracing::info!(group = %self.parts.options.group, ?grace, "The subscription drains");
        self.leaving = Some(Leaving {
            cancel_at: Some(cancel_at),
            end_at,
            acked_before: self.counts.acked,
            released_before: self.counts.released,
            abandoned: 0,
            error,
            over: false,
        });
        self.parts.stop.send_replace(true);
        if let Some(gated) = &mut self.gated {
            gated.stop_ready();
        }
        true
    }

    /// Drops arrivals without a word to the broker.
    pub(super) fn forget_inbox(&mut self) {
        self.taken += self.inbox.len();
        self.counts.unsettled += self.inbox.len() as u64;
        self.inbox.clear();
    }

    /// Drops an entry without a word to the broker; its lease ends by itself.
    pub(super) fn forget(&mut self, number: Number) {
        if let Some(entry) = self.entries.remove(number) {
            self.counts.bytes -= entry.delivery.message.size_bytes();
            self.counts.unsettled += 1;
        }
    }

    fn hand_back_queued(&mut self) {
        self.take_pumped();
        self.hand_back_inbox(|_, _| true);
        self.heads.clear();
        let mut queued: Vec<_> = (self.entries.iter())
            .filter(|(_, entry)| matches!(entry.stage, Stage::Queued | Stage::Held { .. }))
            .map(|(number, entry)| (entry.arrived, number, entry.stage, entry.lane.clone()))
            .collect();
        queued.sort_unstable_by_key(|(arrived, ..)| std::cmp::Reverse(*arrived));
        for (_, number, stage, lane) in queued {
            if let Stage::Held { until } = stage {
                self.held.remove(until, number);
            }
            if let Some(key) = lane {
                self.lanes.remove(&key, number);
            }
            self.send(number, Settle::Release);
        }
    }

    /// Goes on with leaving when its time has come.
    pub(super) fn leave_further(&mut self, now: Timestamp) {
        let Some(leaving) = &mut self.leaving else {
            return;
        };
        if leaving.end_at <= now {
            leaving.over = true;
        }
        if leaving.cancel_at.is_none_or(|cancel_at| cancel_at > now) {
            return;
        }
        leaving.cancel_at = None;
        let cancelled = self.runs.cancel_all();
        leaving.abandoned += cancelled.len();
        for ticket in cancelled {
            self.ended(ticket, Ending::Abandoned);
        }
        // What was being published goes out again, with the same ids, by whoever gets it next.
        self.following.clear();
        let following: Vec<_> = (self.entries.iter())
            .filter(|(_, entry)| entry.stage == Stage::Following)
            .map(|(number, _)| number)
            .collect();
        for number in following {
            self.settle(number, Settle::Release);
        }
    }

    /// Whether everything has ended, or waiting has.
    pub(super) fn has_left(&self) -> bool {
        let Some(leaving) = &self.leaving else {
            return false;
        };
        let idle = self.entries.len() == 0
            && self.runs.len() == 0
            && !self.gated.as_ref().is_some_and(super::Gated::is_busy)
            && self.parts.sources.iter().all(|source| source.settling.is_empty());
        idle || leaving.over
    }

    /// Closes the subscribers, which ends the pumps, and tells how it went.
    pub(super) async fn close(&mut self) -> Finished {
        self.parts.leases.stop();
        for source in &mut self.parts.sources {
            source.pumped.close();
            let Some(subscriber) = source.settling.subscriber() else {
                continue;
            };
            let closed = tokio::select! {
                closed = subscriber.close() => closed,
                () = self.parts.clock.sleep(ANSWERS_WITHIN) => Err(late()),
            };
            if let Err(error) = closed {
                tracing::warn!(group = %self.parts.options.group, %error, "Closing a subscriber failed");
            }
        }
        let leaving = self.leaving.take();
        let kept = self.entries.len() + self.counts.settling;
        let report = leaving.as_ref().map_or_else(DrainReport::default, |leaving| DrainReport {
            acked: self.counts.acked - leaving.acked_before,
            released: self.counts.released - leaving.released_before,
            abandoned: leaving.abandoned,
            unsettled: kept,
        });
        let error = leaving.and_then(|leaving| leaving.error).map(Arc::new);
        tracing::info!(group = %self.parts.options.group, ?report, "The subscription ended");
        self.parts.status.send_modify(|status| {
            status.state = SubscriptionState::Stopped;
            status.connected = false;
            status.last_error = error.clone().or(status.last_error.take());
        });
        Finished { report, error }
    }
}

fn late() -> Error {
    Error::new(Kind::Timeout, "the subscriber did not close in time").during("close")
}
