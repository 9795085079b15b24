//! What of a group's messages may be handed out now, and to whom: leases, delays and key order.
//!
//! A key belongs to one consumer while that consumer holds an unsettled delivery of it. The owner
//! may get more of the key, always in publish order; others get none of it. A message that comes
//! back goes before later ones of its key, and holds them up while it is delayed.

use std::collections::{BTreeSet, HashMap};

use bytes::Bytes;

use super::Ascending;
use crate::clock::Timestamp;
use crate::transport::Generation;

/// All messages that a group has passed with its cursor and not acked.
#[derive(Debug, Default)]
pub struct Schedule {
    unsettled: Ascending<Unsettled>,
    /// May be handed out now: unkeyed messages, and the first waiting one of each key.
    ready: BTreeSet<u64>,
    /// Ends of leases, and of the delays of messages that are ready then.
    due: BTreeSet<(Timestamp, u64)>,
    lanes: HashMap<Bytes, Lane>,
}

#[derive(Debug)]
struct Unsettled {
    key: Option<Bytes>,
    /// Hand-overs that counted as attempts.
    attempts: u32,
    place: Place,
}

#[derive(Debug, Clone, Copy)]
enum Place {
    Waiting { not_before: Timestamp },
    Leased { lease: Lease, until: Option<Timestamp> },
}

/// Names one hand-over.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Lease {
    /// Of the consumer.
    pub generation: Generation,
    /// Different for each hand-over.
    pub sequence: u64,
}

/// A key with unsettled messages.
#[derive(Debug, Default)]
struct Lane {
    owner: Option<Generation>,
    leased: usize,
    waiting: BTreeSet<u64>,
}

impl Schedule {
    /// Takes over a message that was never handed out.
    pub fn add(&mut self, offset: u64, key: Option<Bytes>, now: Timestamp) {
        let place = Place::Waiting { not_before: now };
        self.unsettled.insert(offset, Unsettled { key, attempts: 0, place });
        self.line_up(offset, now);
    }

    /// A message that was added was attempted so often elsewhere.
    pub fn tried_before(&mut self, offset: u64, attempts: u32) {
        if let Some(message) = self.unsettled.get_mut(offset) {
            message.attempts = attempts;
        }
    }

    /// Hand-overs of a message that counted as attempts.
    pub fn attempts(&self, offset: u64) -> u32 {
        self.unsettled.get(offset).map_or(0, |message| message.attempts)
    }

    /// The first message at or after an offset that this consumer may have now.
    pub fn next_for(&self, consumer: Generation, from: u64) -> Option<u64> {
        let mut ready = self.ready.range(from..);
        ready.find(|offset| self.is_open_to(consumer, **offset)).copied()
    }

    /// Hands out a message that [`Self::next_for`] named, until its lease ends where there are
    /// leases; returns which attempt it is.
    pub fn hand_over(
        &mut self,
        offset: u64,
        lease: Lease,
        until: Option<Timestamp>,
        now: Timestamp,
    ) -> u32 {
        self.ready.remove(&offset);
        let Some(message) = self.unsettled.get_mut(offset) else {
            return 1;
        };
        message.attempts = message.attempts.saturating_add(1);
        message.place = Place::Leased { lease, until };
        let attempt = message.attempts;
        let key = message.key.clone();
        self.due.extend(until.map(|until| (until, offset)));
        if let Some(lane) = key.as_ref().and_then(|key| self.lanes.get_mut(key)) {
            lane.waiting.remove(&offset);
            lane.leased += 1;
            lane.owner = Some(lease.generation);
            let next = lane.waiting.first().copied();
            self.announce(next, now);
        }
        attempt
    }

    /// Forgets a message; false if this hand-over of it is over.
    pub fn ack(&mut self, offset: u64, lease: Lease) -> bool {
        let Some(until) = self.leased_until(offset, lease) else {
            return false;
        };
        self.end_lease(offset, until);
        self.leave_lane(offset);
        self.unsettled.remove(offset);
        true
    }

    /// Puts a message back; false if this hand-over of it is over.
    pub fn give_back(&mut self, offset: u64, lease: Lease, back: Back, now: Timestamp) -> bool {
        let Some(until) = self.leased_until(offset, lease) else {
            return false;
        };
        self.end_lease(offset, until);
        self.put_back(offset, back, now);
        true
    }

    /// Moves the end of a lease; false if this hand-over is over.
    pub fn extend(&mut self, offset: u64, lease: Lease, until: Timestamp) -> bool {
        let Some(before) = self.leased_until(offset, lease) else {
            return false;
        };
        if let Some(message) = self.unsettled.get_mut(offset) {
            message.place = Place::Leased { lease, until: Some(until) };
        }
        self.end_lease(offset, before);
        self.due.insert((until, offset));
        true
    }

    /// Whether a hand-over has not ended.
    pub fn holds(&self, offset: u64, lease: Lease) -> bool {
        self.leased_until(offset, lease).is_some()
    }

    /// Ends leases and delays that are over.
    pub fn expire(&mut self, now: Timestamp) {
        while let Some((at, offset)) = self.due.first().copied().filter(|(at, _)| *at <= now) {
            self.due.remove(&(at, offset));
            match self.unsettled.get(offset).map(|message| message.place) {
                Some(Place::Leased { .. }) => self.put_back(offset, Back::Attempted(now), now),
                Some(Place::Waiting { .. }) => {
                    self.ready.insert(offset);
                }
                None => {}
            }
        }
    }

    /// Puts back everything that these consumers hold.
    pub fn give_back_all(&mut self, of: impl Fn(Generation) -> bool, now: Timestamp) {
        let held: Vec<_> = self
            .unsettled
            .iter()
            .filter_map(|(offset, message)| match message.place {
                Place::Leased { lease, .. } if of(lease.generation) => Some((offset, lease)),
                Place::Leased { .. } | Place::Waiting { .. } => None,
            })
            .collect();
        for (offset, lease) in held {
            self.give_back(offset, lease, Back::Attempted(now), now);
        }
    }

    /// When a lease or delay ends next.
    pub fn next_due(&self) -> Option<Timestamp> {
        self.due.first().map(|(at, _)| *at)
    }

    /// Whether a message may be handed out now, to anybody.
    pub fn is_ready(&self) -> bool {
        !self.ready.is_empty()
    }

    /// How many are handed out.
    pub fn leased(&self) -> usize {
        let is_leased = |message: &Unsettled| matches!(message.place, Place::Leased { .. });
        self.unsettled.iter().filter(|(_, message)| is_leased(message)).count()
    }

    /// Whether a message is handed out.
    pub fn is_leased(&self, offset: u64) -> bool {
        let place = self.unsettled.get(offset).map(|message| message.place);
        matches!(place, Some(Place::Leased { .. }))
    }

    /// Offsets of all messages.
    pub fn offsets(&self) -> impl Iterator<Item = u64> {
        self.unsettled.iter().map(|(offset, _)| offset)
    }

    /// Messages that were never handed out as an attempt.
    pub fn untried(&self) -> usize {
        self.unsettled.iter().filter(|(_, message)| message.attempts == 0).count()
    }

    fn is_open_to(&self, consumer: Generation, offset: u64) -> bool {
        let key = self.unsettled.get(offset).and_then(|message| message.key.as_ref());
        key.and_then(|key| self.lanes.get(key))
            .and_then(|lane| lane.owner)
            .is_none_or(|owner| owner == consumer)
    }

    /// When the lease of a hand-over ends, if it ends; `None` if the hand-over is over.
    fn leased_until(&self, offset: u64, lease: Lease) -> Option<Option<Timestamp>> {
        match self.unsettled.get(offset)?.place {
            Place::Leased { lease: of, until } if of == lease => Some(until),
            Place::Leased { .. } | Place::Waiting { .. } => None,
        }
    }

    fn end_lease(&mut self, offset: u64, until: Option<Timestamp>) {
        if let Some(until) = until {
            self.due.remove(&(until, offset));
        }
    }

    fn put_back(&mut self, offset: u64, back: Back, now: Timestamp) {
        self.leave_lane(offset);
        if let Some(message) = self.unsettled.get_mut(offset) {
            let not_before = match back {
                Back::Attempted(not_before) => not_before,
                Back::Untouched => {
                    message.attempts = message.attempts.saturating_sub(1);
                    now
                }
            };
            message.place = Place::Waiting { not_before };
        }
        self.line_up(offset, now);
    }

    /// A leased message of a lane is no longer leased.
    fn leave_lane(&mut self, offset: u64) {
        let Some(key) = self.unsettled.get(offset).and_then(|message| message.key.as_ref()) else {
            return;
        };
        if let Some(lane) = self.lanes.get_mut(key) {
            lane.leased = lane.leased.saturating_sub(1);
            if lane.leased == 0 {
                lane.owner = None;
                if lane.waiting.is_empty() {
                    self.lanes.remove(key);
                }
            }
        }
    }

    /// A waiting message takes its place among those of its key.
    fn line_up(&mut self, offset: u64, now: Timestamp) {
        let key = self.unsettled.get(offset).and_then(|message| message.key.clone());
        if let Some(key) = key {
            let lane = self.lanes.entry(key).or_default();
            let first = lane.waiting.first().copied();
            lane.waiting.insert(offset);
            match first {
                Some(first) if first < offset => return,
                Some(first) => self.withdraw(first),
                None => {}
            }
        }
        self.announce(Some(offset), now);
    }

    /// The first waiting message of a lane becomes ready, now or when its delay is over.
    fn announce(&mut self, offset: Option<u64>, now: Timestamp) {
        let Some(offset) = offset else { return };
        if let Some(not_before) = self.waits_until(offset) {
            if not_before <= now {
                self.ready.insert(offset);
            } else {
                self.due.insert((not_before, offset));
            }
        }
    }

    /// Another message went before this one.
    fn withdraw(&mut self, offset: u64) {
        self.ready.remove(&offset);
        if let Some(not_before) = self.waits_until(offset) {
            self.due.remove(&(not_before, offset));
        }
    }

    fn waits_until(&self, offset: u64) -> Option<Timestamp> {
        match self.unsettled.get(offset)?.place {
            Place::Waiting { not_before } => Some(not_before),
            Place::Leased { .. } => None,
        }
    }
}

/// How a message comes back.
#[derive(Debug, Clone, Copy)]
pub enum Back {
    /// It was attempted; not to be handed out before this time.
    Attempted(Timestamp),
    /// It was not attempted: the hand-over does not count.
    Untouched,
}
