//! What happened since the last turn: runs that ended, answers of broker and gate, new batches,
//! time that passed.

use std::task::{Context, Poll};
use std::time::Duration;

use futures_util::StreamExt as _;

use super::Dispatch;
use super::drain::Leaving;
use crate::bus::subscription::entries::{Number, Stage};
use crate::clock::Timestamp;
use crate::gate::{Ending, Ticket};
use crate::transport::Settle;

/// Runs whose end one turn takes before it settles.
const ENDED_MAX: usize = 256;

impl Dispatch {
    /// Takes everything that is there; true if anything was.
    pub(super) fn take_events(&mut self, cx: &mut Context<'_>) -> bool {
        let mut moved = false;
        for source in 0..self.parts.sources.len() {
            if let Poll::Ready(settled) = self.parts.sources[source].settling.poll(cx) {
                self.settled(settled);
                moved = true;
            }
        }
        for _ in 0..ENDED_MAX {
            let Poll::Ready((ticket, ending)) = self.runs.poll(cx) else {
                break;
            };
            self.ended(ticket, ending);
            moved = true;
        }
        while let Poll::Ready(Some(followed)) = self.following.poll_next_unpin(cx) {
            self.followed(followed);
            moved = true;
        }
        moved |= self.take_from_gate(cx);
        for source in 0..self.parts.sources.len() {
            while self.wants_more()
                && let Poll::Ready(Some(pumped)) = self.parts.sources[source].pumped.poll_recv(cx)
            {
                self.on_pumped(source, pumped);
                moved = true;
            }
        }
        let due = self.next_due();
        if self.timer.poll(due, cx).is_ready() {
            self.due();
            moved = true;
        }
        moved
    }

    fn take_from_gate(&mut self, cx: &mut Context<'_>) -> bool {
        let accepts = self.accepts_work();
        let Some(gated) = &mut self.gated else {
            return false;
        };
        let mut moved = false;
        if let Poll::Ready(turn) = gated.poll_turn(cx) {
            self.turned(turn, cx);
            moved = true;
        }
        let in_flight_max = self.parts.options.in_flight_max.get();
        if let Some(gated) = &mut self.gated
            && accepts
            && gated.parked() < in_flight_max
            && let Poll::Ready(work) = gated.poll_ready(cx)
        {
            self.ready(work, cx);
            moved = true;
        }
        moved
    }

    /// How a run ended.
    pub(super) fn ended(&mut self, ticket: Ticket, ending: Ending) {
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
    pub(super) fn hold(&mut self, number: Number, wait: Duration) {
        if self.leaving.is_some() {
            return self.settle(number, Settle::Release);
        }
        let until = self.parts.clock.now() + wait;
        if let Some(entry) = self.entries.get_mut(number) {
            entry.stage = Stage::Held { until };
            // A driver may cut deliveries out of large chunks; waiting must not pin those.
            entry.detach();
            self.held.insert(until, number);
        }
    }

    /// A held head is a head again.
    pub(super) fn reconsider(&mut self, number: Number) {
        if let Some(entry) = self.entries.get_mut(number)
            && let Stage::Held { until } = entry.stage
        {
            entry.stage = Stage::Queued;
            self.held.remove(until, number);
            self.heads.push_back(number);
        }
    }
}
