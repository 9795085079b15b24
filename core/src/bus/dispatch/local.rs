//! Without a gate: the bus starts heads itself and judges by the handler's outcome alone.

use std::sync::Arc;
use std::task::Context;

use super::Dispatch;
use crate::bus::subscription::dead_letter::{Cause, DeadLetter, FailedAttempt};
use crate::bus::subscription::entries::{Number, Stage};
use crate::bus::subscription::following::{Followed, What};
use crate::bus::subscription::judge::{self, Next, Reason};
use crate::event::Output;
use crate::gate::{Ending, Ticket};
use crate::handler::Request;
use crate::transport::Settle;

/// What to do with a head.
enum Start {
    Run {
        request: Request,
        attempt: u32,
    },
    Skip,
    /// It goes to another consumer.
    HandBack,
    GiveUp(Reason),
}

impl Dispatch {
    /// Starts the handler for a head, or gives the head up.
    pub(super) fn start(&mut self, number: Number, cx: &mut Context<'_>) {
        match self.decide(number) {
            Some(Start::Run { request, attempt }) => {
                if let Some(entry) = self.entries.get_mut(number) {
                    entry.stage = Stage::Running { attempt };
                }
                let ticket = Ticket::Delivery(number.as_u64());
                let handler = &*self.parts.options.handler;
                if let Some(ending) = self.runs.start(ticket, handler, request, cx) {
                    self.judge(number, ending);
                }
            }
            Some(Start::Skip) => {
                self.counts.skipped += 1;
                self.settle(number, Settle::Ack);
            }
            Some(Start::HandBack) => self.settle(number, Settle::Release),
            Some(Start::GiveUp(reason)) => self.give_up(number, reason),
            None => {}
        }
    }

    fn decide(&self, number: Number) -> Option<Start> {
        let entry = self.entries.get(number)?;
        if !self.is_held(entry) {
            return Some(Start::HandBack);
        }
        let event = match &entry.event {
            Ok(event) => event,
            Err(error) => {
                return Some(Start::GiveUp(Reason::new(Cause::Undecodable, error.to_string())));
            }
        };
        if !self.consumes.is_empty() && !self.consumes.contains(&event.ty()) {
            return Some(self.unconsumed(entry.source, event.ty()));
        }
        let broker = entry.delivery.attempt.map(std::num::NonZeroU32::get);
        let attempt = judge::attempt(broker, entry.failed.len());
        if let Some(reason) = judge::given_up(attempt, &self.parts.options.retry) {
            return Some(Start::GiveUp(reason));
        }
        let request = Request { event: Arc::clone(event), attempt, context: None };
        Some(Start::Run { request, attempt })
    }

    /// A type that shares this topic by a route is somebody else's; any other is a mistake.
    fn unconsumed(&self, source: usize, ty: &str) -> Start {
        let topic = &self.parts.options.topics[source];
        let routed = self.parts.follower.bus.topic_of(ty);
        if routed.is_ok_and(|routed| routed == *topic) {
            return Start::Skip;
        }
        let text = format!("{ty} is not what {topic} carries and the handler does not take it");
        Start::GiveUp(Reason::new(Cause::Unexpected, text))
    }

    /// Decides what follows from how a run ended.
    pub(super) fn judge(&mut self, number: Number, ending: Ending) {
        let Some(entry) = self.entries.get(number) else {
            return;
        };
        let Stage::Running { attempt } = entry.stage else {
            return;
        };
        let seed = self.seed.wrapping_add(entry.arrived);
        match judge::after(ending, attempt, &self.parts.options.retry, seed) {
            Next::Finish(outputs) if outputs.is_empty() => self.settle(number, Settle::Ack),
            Next::Finish(outputs) => self.follow(number, outputs),
            Next::Retry { failure, after } => self.retry(number, attempt, failure, after),
            Next::DeadLetter(reason) => self.give_up(number, reason),
            Next::Release => self.settle(number, Settle::Release),
        }
    }

    fn follow(&mut self, number: Number, outputs: Vec<Output>) {
        let Some(entry) = self.entries.get_mut(number) else {
            return;
        };
        let Ok(cause) = &entry.event else { return };
        match self.parts.follower.events(cause, outputs) {
            Ok(events) => {
                entry.stage = Stage::Following;
                self.following.push(self.parts.follower.outputs(number, events));
            }
            Err(error) => {
                let reason = Reason::new(Cause::Unpublishable, error.to_string());
                self.give_up(number, reason);
            }
        }
    }

    fn retry(&mut self, number: Number, attempt: u32, failure: Reason, after: std::time::Duration) {
        let now = self.parts.clock.now();
        let Some(entry) = self.entries.get_mut(number) else {
            return;
        };
        tracing::debug!(group = %self.parts.options.group, position = %entry.delivery.position, attempt, reason = failure.text, "A run failed and is tried again");
        entry.failed.push(FailedAttempt::new(attempt, now, failure));
        self.counts.retried += 1;
        if !self.parts.retries_at_broker {
            return self.hold(number, after);
        }
        let origin = (entry.source, entry.delivery.position);
        let failed = std::mem::take(&mut entry.failed);
        self.histories.keep(origin, failed);
        self.settle(number, Settle::Retry { after });
    }

    /// Sends a delivery to the dead letters; it is acked after the broker has them.
    fn give_up(&mut self, number: Number, reason: Reason) {
        let now = self.parts.clock.now();
        let Some(entry) = self.entries.get_mut(number) else {
            return;
        };
        let broker = entry.delivery.attempt.map(std::num::NonZeroU32::get);
        let attempt = judge::attempt(broker, entry.failed.len());
        let topic = &self.parts.options.topics[entry.source];
        let group = &self.parts.options.group;
        tracing::warn!(%topic, %group, position = %entry.delivery.position, attempt, cause = ?reason.cause, reason = reason.text, "A delivery becomes a dead letter");
        entry.failed.push(FailedAttempt::new(attempt, now, reason));
        entry.stage = Stage::Following;
        let letter = DeadLetter::of(topic, group, entry);
        let delivery = entry.delivery.clone();
        let source = entry.source;
        self.following.push(self.parts.follower.dead_letter(number, source, letter, delivery));
    }

    /// What had to be published before the ack is published, or cannot be.
    pub(super) fn followed(&mut self, followed: Followed) {
        match (followed.what, followed.result) {
            (What::Outputs, Ok(())) => self.settle(followed.number, Settle::Ack),
            (What::DeadLetter, Ok(())) => {
                self.counts.dead_lettered += 1;
                self.settle(followed.number, Settle::Ack);
            }
            (What::Outputs, Err(error)) => {
                let reason = Reason::new(Cause::Unpublishable, error.to_string());
                self.give_up(followed.number, reason);
            }
            // Neither acked nor tried for ever: it stays where it is, and somebody is told (T6).
            (What::DeadLetter, Err(error)) => {
                tracing::error!(group = %self.parts.options.group, %error, "The subscription ends: a delivery can be neither handled nor given up");
                self.leave(self.parts.options.drain_grace, Some(error));
                self.settle(followed.number, Settle::Release);
            }
        }
    }
}
