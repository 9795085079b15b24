//! The one timer of a loop, and the heads that wait for it.

use std::collections::BTreeSet;
use std::task::{Context, Poll};

use super::entries::Number;
use crate::clock::{Clock, Timestamp};
use crate::handler::BoxFuture;

/// A sleep that is set anew only when what it waits for changes.
pub(crate) struct Timer {
    clock: Clock,
    sleep: Option<(Timestamp, BoxFuture<()>)>,
}

impl Timer {
    pub(crate) const fn new(clock: Clock) -> Self {
        Self { clock, sleep: None }
    }

    /// Waits until `due`; pending for ever without one.
    pub(crate) fn poll(&mut self, due: Option<Timestamp>, cx: &mut Context<'_>) -> Poll<()> {
        let Some(due) = due else {
            self.sleep = None;
            return Poll::Pending;
        };
        if self.sleep.as_ref().is_none_or(|(set, _)| *set != due) {
            let clock = self.clock.clone();
            self.sleep = Some((due, Box::pin(async move { clock.sleep_until(due).await })));
        }
        let slept = match &mut self.sleep {
            Some((_, sleep)) => sleep.as_mut().poll(cx),
            None => Poll::Pending,
        };
        if slept.is_ready() {
            self.sleep = None;
        }
        slept
    }
}

/// Heads that wait, by when.
#[derive(Debug, Default)]
pub(crate) struct Held(BTreeSet<(Timestamp, Number)>);

impl Held {
    pub(crate) fn insert(&mut self, until: Timestamp, number: Number) {
        self.0.insert((until, number));
    }

    pub(crate) fn remove(&mut self, until: Timestamp, number: Number) {
        self.0.remove(&(until, number));
    }

    pub(crate) fn next(&self) -> Option<Timestamp> {
        self.0.first().map(|(until, _)| *until)
    }

    /// Takes the first head whose time has come.
    pub(crate) fn pop_due(&mut self, now: Timestamp) -> Option<Number> {
        if self.next()? > now {
            return None;
        }
        self.0.pop_first().map(|(_, number)| number)
    }

    pub(crate) fn len(&self) -> usize {
        self.0.len()
    }
}
