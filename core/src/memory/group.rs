//! One group of a topic: its cursor, its consumers, and what they hold.

use std::collections::HashMap;
use std::num::{NonZeroU32, NonZeroUsize};
use std::sync::Arc;
use std::time::Duration;

use tokio::sync::Notify;

use super::log::Log;
use super::quiet::GroupLoad;
use crate::clock::Timestamp;
use crate::driver::{Back, Lease, Schedule};
use crate::transport::{AckToken, Delivery, Generation, Position, Settle};

/// Names a consumer in its broker.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(super) struct ConsumerId(pub(super) u64);

#[derive(Debug)]
pub(super) struct Group {
    /// The next message that was never looked at.
    cursor: u64,
    schedule: Schedule,
    consumers: HashMap<ConsumerId, Consumer>,
}

#[derive(Debug)]
struct Consumer {
    connection: u64,
    link: Link,
    /// Wakes it if it waits in `receive`; kept for its next look if it does not.
    wake: Arc<Notify>,
}

/// A consumer's connection.
#[derive(Debug, Clone, Copy)]
pub(super) enum Link {
    Open(Generation),
    /// Lost; `told` once a `receive` has said so.
    Lost {
        told: bool,
    },
}

impl Link {
    /// The generation whose tokens are valid; `None` while the link is lost.
    pub(super) fn generation(self) -> Option<Generation> {
        match self {
            Self::Open(generation) => Some(generation),
            Self::Lost { .. } => None,
        }
    }
}

impl Group {
    pub(super) fn new(cursor: u64) -> Self {
        Self { cursor, schedule: Schedule::default(), consumers: HashMap::new() }
    }

    /// Wakes all consumers that wait.
    pub(super) fn wake(&self) {
        for consumer in self.consumers.values() {
            consumer.wake.notify_one();
        }
    }

    /// The link of a consumer, which joins if it has not yet: a group that was deleted and created
    /// again knows none of those before.
    pub(super) fn link(
        &mut self,
        id: ConsumerId,
        connection: u64,
        wake: &Arc<Notify>,
    ) -> &mut Link {
        let consumer = self.consumers.entry(id).or_insert_with(|| Consumer {
            connection,
            link: Link::Open(Generation::next()),
            wake: wake.clone(),
        });
        &mut consumer.link
    }

    /// Ends consumers; what they hold goes back at once.
    pub(super) fn leave(&mut self, now: Timestamp, whom: impl Fn(ConsumerId, u64) -> bool) {
        // Woken before they go, so that a blocked `receive` sees that it is closed.
        self.wake();
        let left: Vec<_> = self
            .consumers
            .extract_if(|id, consumer| whom(*id, consumer.connection))
            .filter_map(|(_, consumer)| consumer.link.generation())
            .collect();
        let left = |holder| left.contains(&holder);
        self.schedule.give_back_all(left, now);
    }

    /// Cuts all consumers off; what they hold goes back at once.
    pub(super) fn cut(&mut self, now: Timestamp) {
        for consumer in self.consumers.values_mut() {
            consumer.link = Link::Lost { told: false };
        }
        self.schedule.give_back_all(|_| true, now);
        self.wake();
    }

    /// Hands out at most `max` messages; what came back goes first.
    pub(super) fn take(&mut self, log: &Log, ask: &mut Ask<'_>) -> Vec<Delivery> {
        let due_before = self.schedule.next_due();
        self.schedule.expire(ask.now);
        let mut taken = Vec::new();
        let mut from = 0;
        while taken.len() < ask.max.get() {
            match self.schedule.next_for(ask.generation, from) {
                Some(offset) => {
                    taken.extend(self.hand_over(log, offset, ask));
                    from = offset + 1;
                }
                None => match log.next_from(self.cursor) {
                    Some((offset, message)) => {
                        self.cursor = offset + 1;
                        from = offset;
                        self.schedule.add(offset, message.key.clone(), ask.now);
                    }
                    None => break,
                },
            }
        }
        if !taken.is_empty() {
            self.wake_if_sooner(due_before);
        }
        taken
    }

    /// Whether a hand-over has not ended.
    pub(super) fn holds(&self, token: &AckToken) -> bool {
        self.schedule.holds(token.position, lease_of(token))
    }

    /// Ends one delivery; `Acked` names what the group does not need any more.
    pub(super) fn settle(&mut self, token: &AckToken, how: Settle, now: Timestamp) -> Settled {
        let due_before = self.schedule.next_due();
        self.schedule.expire(now);
        let (offset, lease) = (token.position, lease_of(token));
        let settled = match how {
            Settle::Ack if self.schedule.ack(offset, lease) => Settled::Acked(offset),
            Settle::Ack => Settled::Stale,
            Settle::Retry { after } => {
                self.give_back(offset, lease, Back::Attempted(now + after), now)
            }
            Settle::Release => self.give_back(offset, lease, Back::Untouched, now),
        };
        self.wake_if_sooner(due_before);
        settled
    }

    /// Moves the end of a lease; false if the token is stale.
    pub(super) fn extend(&mut self, token: &AckToken, by: Duration, now: Timestamp) -> bool {
        let due_before = self.schedule.next_due();
        self.schedule.expire(now);
        let extended = self.schedule.extend(token.position, lease_of(token), now + by);
        self.wake_if_sooner(due_before);
        extended
    }

    /// When something may become ready by itself.
    pub(super) fn next_due(&self) -> Option<Timestamp> {
        self.schedule.next_due()
    }

    /// Messages that were not handed out yet.
    pub(super) fn lag(&self, log: &Log) -> usize {
        log.count_from(self.cursor) + self.schedule.untried()
    }

    /// What could be handed out now, and what is.
    pub(super) fn load(&mut self, log: &Log, now: Timestamp) -> GroupLoad {
        self.schedule.expire(now);
        GroupLoad {
            ready: self.schedule.is_ready() || log.next_from(self.cursor).is_some(),
            leased: self.schedule.leased(),
        }
    }

    /// Offsets that the group still needs, when it is deleted.
    pub(super) fn needs(&self, log: &Log) -> Vec<u64> {
        let mut offsets = log.offsets_from(self.cursor);
        offsets.extend(self.schedule.offsets());
        offsets
    }

    fn hand_over(&mut self, log: &Log, offset: u64, ask: &mut Ask<'_>) -> Option<Delivery> {
        *ask.sequence += 1;
        let lease = Lease { generation: ask.generation, sequence: *ask.sequence };
        let until = ask.now + ask.lease;
        let attempt = self.schedule.hand_over(offset, lease, Some(until), ask.now);
        Some(Delivery {
            message: log.get(offset)?.clone(),
            position: Position { lane: 0, major: offset, minor: 0 },
            token: AckToken {
                generation: lease.generation,
                lane: 0,
                position: offset,
                sequence: lease.sequence,
                handle: None,
            },
            attempt: NonZeroU32::new(attempt),
            received: ask.now,
            lease: Some(ask.lease),
        })
    }

    fn give_back(&mut self, offset: u64, lease: Lease, back: Back, now: Timestamp) -> Settled {
        if self.schedule.give_back(offset, lease, back, now) {
            Settled::Returned
        } else {
            Settled::Stale
        }
    }

    /// Wakes waiting consumers if there is work for them now or sooner than they believe.
    fn wake_if_sooner(&self, due_before: Option<Timestamp>) {
        let sooner = match (self.schedule.next_due(), due_before) {
            (Some(now), Some(before)) => now < before,
            (now, _) => now.is_some(),
        };
        if sooner || self.schedule.is_ready() {
            self.wake();
        }
    }
}

/// What a consumer asks for.
#[derive(Debug)]
pub(super) struct Ask<'a> {
    pub(super) generation: Generation,
    pub(super) max: NonZeroUsize,
    pub(super) lease: Duration,
    pub(super) now: Timestamp,
    /// The number of the broker's last hand-over.
    pub(super) sequence: &'a mut u64,
}

/// What settling did.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Settled {
    Acked(u64),
    Returned,
    Stale,
}

fn lease_of(token: &AckToken) -> Lease {
    Lease { generation: token.generation, sequence: token.sequence }
}
