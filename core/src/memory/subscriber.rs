//! Takes from a group and settles what it took.

use std::num::NonZeroUsize;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, MutexGuard};
use std::time::Duration;

use async_trait::async_trait;
use tokio::sync::Notify;

use super::Connection;
use super::broker::State;
use super::group::{Ask, ConsumerId, Group, Link, Settled};
use crate::clock::Timestamp;
use crate::error::{Error, Kind, Result};
use crate::name::{GroupName, TopicName};
use crate::transport::{AckToken, Delivery, Generation, Settle, Subscriber};

#[derive(Debug)]
pub(super) struct MemorySubscriber {
    connection: Arc<Connection>,
    topic: TopicName,
    group: GroupName,
    lease: Duration,
    id: ConsumerId,
    closed: AtomicBool,
    wake: Arc<Notify>,
}

/// What one look at the group gave.
enum Looked {
    Taken(Vec<Delivery>),
    /// Nothing yet; by itself not before this time.
    Nothing {
        next_due: Option<Timestamp>,
    },
}

impl MemorySubscriber {
    pub(super) fn new(
        connection: Arc<Connection>,
        (topic, group): (TopicName, GroupName),
        lease: Duration,
        id: u64,
    ) -> Self {
        Self {
            connection,
            topic,
            group,
            lease,
            id: ConsumerId(id),
            closed: AtomicBool::new(false),
            wake: Arc::default(),
        }
    }

    /// Joins its group; `NotFound` if that is missing.
    pub(super) fn join(&self, state: &mut State) -> Result<()> {
        let (_, group, _) = state.group(&self.topic, &self.group)?;
        self.link(group);
        Ok(())
    }

    /// Our link in the group. Only under the state and after [`Self::check_open`], so that a closed
    /// subscriber does not join again.
    fn link<'a>(&self, group: &'a mut Group) -> &'a mut Link {
        group.link(self.id, self.connection.id, &self.wake)
    }

    fn check_open(&self) -> Result<()> {
        self.connection.check_open()?;
        if self.closed.load(Ordering::Acquire) {
            Err(Error::new(Kind::Closed, "the subscriber is closed"))
        } else {
            Ok(())
        }
    }

    /// The state of a running broker, if we are open.
    fn state(&self) -> Result<MutexGuard<'_, State>> {
        let state = self.connection.state()?;
        self.check_open()?;
        Ok(state)
    }

    fn look(&self, max: NonZeroUsize) -> Result<Looked> {
        let broker = &self.connection.broker;
        let mut state = broker.state();
        self.check_open()?;
        let running = state.is_running();
        let (log, group, sequence) = state.group(&self.topic, &self.group)?;
        let generation = reconnect(self.link(group), running)?;
        let mut ask = Ask { generation, max, lease: self.lease, now: broker.clock.now(), sequence };
        let taken = group.take(log, &mut ask);
        Ok(if taken.is_empty() {
            let next_due = group.next_due();
            Looked::Nothing { next_due }
        } else {
            Looked::Taken(taken)
        })
    }

    fn leave(&self) {
        let broker = &self.connection.broker;
        let now = broker.clock.now();
        let mut state = broker.state();
        self.closed.store(true, Ordering::Release);
        // A group that was deleted has nothing to hand back to.
        if let Ok((_, group, _)) = state.group(&self.topic, &self.group) {
            group.leave(now, |id, _| id == self.id);
        }
        self.wake.notify_one();
    }
}

#[async_trait]
impl Subscriber for MemorySubscriber {
    async fn receive(&self, max: NonZeroUsize, wait: Duration) -> Result<Vec<Delivery>> {
        let clock = &self.connection.broker.clock;
        let deadline = clock.now() + wait;
        loop {
            let until = match self.look(max)? {
                Looked::Taken(deliveries) => return Ok(deliveries),
                Looked::Nothing { next_due } => next_due.map_or(deadline, |due| due.min(deadline)),
            };
            if clock.now() >= deadline {
                return Ok(Vec::new());
            }
            tokio::select! {
                () = self.wake.notified() => {}
                () = clock.sleep_until(until) => {}
            }
        }
    }

    async fn settle(&self, batch: &[(AckToken, Settle)]) -> Result<Vec<Result<()>>> {
        let broker = &self.connection.broker;
        let mut state = self.state()?;
        let now = broker.clock.now();
        let (_, group, _) = state.group(&self.topic, &self.group)?;
        let current = self.link(group).generation();
        let mut acked = Vec::with_capacity(batch.len());
        let settle = |(token, how): &(AckToken, Settle)| {
            if Some(token.generation) != current {
                return Err(stale());
            }
            match group.settle(token, *how, now) {
                Settled::Acked(offset) => acked.push(offset),
                Settled::Returned => {}
                Settled::Stale => return Err(stale()),
            }
            Ok(())
        };
        let results = batch.iter().map(settle).collect();
        state.release(&self.topic, &acked, &broker.limits);
        Ok(results)
    }

    async fn extend(&self, tokens: &[AckToken], by: Duration) -> Result<Vec<Result<()>>> {
        let broker = &self.connection.broker;
        let mut state = self.state()?;
        let now = broker.clock.now();
        let (_, group, _) = state.group(&self.topic, &self.group)?;
        let current = self.link(group).generation();
        let extend = |token: &AckToken| {
            let is_ours = Some(token.generation) == current;
            (is_ours && group.extend(token, by, now)).then_some(()).ok_or_else(stale)
        };
        Ok(tokens.iter().map(extend).collect())
    }

    fn holds(&self, token: &AckToken) -> bool {
        let Ok(mut state) = self.state() else {
            return false;
        };
        let Ok((_, group, _)) = state.group(&self.topic, &self.group) else {
            return false;
        };
        let link = self.link(group).generation();
        link == Some(token.generation) && group.holds(token)
    }

    async fn close(&self) -> Result<()> {
        self.leave();
        Ok(())
    }
}

impl Drop for MemorySubscriber {
    fn drop(&mut self) {
        self.leave();
    }
}

/// The generation to receive with. A lost link is said once, then opened again.
fn reconnect(link: &mut Link, running: bool) -> Result<Generation> {
    match *link {
        Link::Open(generation) => Ok(generation),
        Link::Lost { told: true } if running => {
            let generation = Generation::next();
            *link = Link::Open(generation);
            Ok(generation)
        }
        Link::Lost { .. } => {
            *link = Link::Lost { told: true };
            let why = "the connection to the memory broker was lost";
            Err(Error::new(Kind::Unavailable, why))
        }
    }
}

fn stale() -> Error {
    Error::new(
        Kind::StaleLease,
        "the delivery was settled, its lease ended, or it is not of this subscriber",
    )
}
