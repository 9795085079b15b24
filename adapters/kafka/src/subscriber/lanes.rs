//! What of the assigned partitions was fetched and not settled. Pure: no I/O, no clock.

use std::collections::BTreeMap;
use std::num::{NonZeroU32, NonZeroUsize};

use super::account::Account;
use wingman_core::clock::Timestamp;
use wingman_core::driver::{Ascending, Back, Lease, Schedule, Watermark};
use wingman_core::message::Message;
use wingman_core::transport::{AckToken, Delivery, Generation, Position, Settle};

/// Messages, and bytes of them, that may wait here to be received.
const WAITING_MAX: usize = 4_096;
const WAITING_BYTES_MAX: usize = 32 << 20;

/// The partitions of one subscriber.
#[derive(Debug)]
pub(super) struct Lanes {
    by_partition: BTreeMap<i32, Lane>,
    /// Whether messages of one key wait for each other.
    ordered: bool,
    waiting: usize,
    waiting_bytes: usize,
    last_sequence: u64,
    /// The partition that was served last: the next one goes first.
    last_served: i32,
}

/// One partition of one assignment.
#[derive(Debug)]
struct Lane {
    generation: Generation,
    schedule: Schedule,
    messages: Ascending<Message>,
    /// From the first message on.
    mark: Option<Watermark>,
    /// The mark that was stored last; the client commits it soon after.
    stored: u64,
    /// Going to another member: nothing is handed over any more.
    leaving: bool,
    account: Account,
}

/// What is to be committed of a partition.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Mark {
    pub(super) partition: i32,
    pub(super) offset: u64,
    /// Its account, as text.
    pub(super) account: String,
    /// What waits for this to be on record.
    pub(super) waiting: Vec<u64>,
}

impl Lane {
    fn new(account: Account) -> Self {
        Self {
            generation: Generation::next(),
            schedule: Schedule::default(),
            messages: Ascending::default(),
            mark: None,
            stored: 0,
            leaving: false,
            account,
        }
    }

    /// How far it is, for a commit.
    fn mark(&self, partition: i32, waiting: Vec<u64>) -> Option<Mark> {
        let offset = self.mark.as_ref()?.offset();
        let opens = !self.account.is_open() && !self.messages.is_empty();
        let first_is_begun =
            (opens || self.schedule.is_leased(offset)) && !self.account.holds(offset);
        Some(Mark { partition, offset, account: self.account.text(first_is_begun), waiting })
    }

    /// Enters what is to be handed over next and must be on record before.
    fn enter(&mut self, now: Timestamp) -> Vec<u64> {
        self.schedule.expire(now);
        let open_to_us = |offset: &u64| self.schedule.next_for(self.generation, *offset);
        let next: Vec<_> = if !self.account.is_careful() {
            self.account.offsets().filter(|it| open_to_us(it) == Some(*it)).collect()
        } else if self.schedule.leased() == 0 {
            open_to_us(&0).into_iter().collect()
        } else {
            Vec::new()
        };
        let is_new = |offset: &u64| !self.account.is_cleared(*offset);
        let new: Vec<_> = next.into_iter().filter(is_new).collect();
        for offset in &new {
            self.account.enter(*offset, self.schedule.attempts(*offset) + 1);
        }
        new
    }
}

impl Lanes {
    pub(super) fn new(ordered: bool) -> Self {
        Self {
            by_partition: BTreeMap::new(),
            ordered,
            waiting: 0,
            waiting_bytes: 0,
            last_sequence: 0,
            last_served: -1,
        }
    }

    /// A partition is ours now. Nothing of an earlier assignment counts any more.
    pub(super) fn assign(&mut self, partition: i32, account: Account) {
        self.remove(partition);
        self.by_partition.insert(partition, Lane::new(account));
    }

    /// A partition goes to another member: what is handed over may still be settled.
    pub(super) fn leave(&mut self, partition: i32) {
        if let Some(lane) = self.by_partition.get_mut(&partition) {
            lane.leaving = true;
        }
    }

    /// A partition is not ours any more: its tokens are stale.
    pub(super) fn remove(&mut self, partition: i32) {
        let Some(lane) = self.by_partition.remove(&partition) else {
            return;
        };
        let handed_over = lane.schedule.leased();
        let bytes: usize = lane.waiting().map(Message::size_bytes).sum();
        self.waiting -= lane.messages.len() - handed_over;
        self.waiting_bytes -= bytes;
    }

    /// The partitions that are ours.
    pub(super) fn partitions(&self) -> Vec<i32> {
        self.by_partition.keys().copied().collect()
    }

    /// Takes over what was fetched.
    pub(super) fn arrived(
        &mut self,
        partition: i32,
        offset: u64,
        message: Message,
        now: Timestamp,
    ) {
        let Some(lane) = self.by_partition.get_mut(&partition) else {
            return;
        };
        let mark = lane.mark.get_or_insert_with(|| {
            // The group stands there, or there is nothing in between.
            lane.stored = offset;
            Watermark::starting_at(offset)
        });
        if !mark.begin(offset) {
            // The topic was made anew, or lost its end: what we knew of it is void.
            self.assign(partition, Account::default());
            return self.arrived(partition, offset, message, now);
        }
        let key = if self.ordered { message.key.clone() } else { None };
        lane.schedule.add(offset, key, now);
        lane.schedule.tried_before(offset, lane.account.arrived(offset));
        self.waiting += 1;
        self.waiting_bytes += message.size_bytes();
        lane.messages.insert(offset, message);
    }

    /// Whether more should be fetched.
    pub(super) fn has_room(&self) -> bool {
        self.waiting < WAITING_MAX && self.waiting_bytes < WAITING_BYTES_MAX
    }

    /// Hands over at most so many, from each partition in turn.
    pub(super) fn take(&mut self, max: NonZeroUsize, now: Timestamp) -> Vec<Delivery> {
        let mut taken = Vec::with_capacity(max.get().min(self.waiting));
        let after = self.last_served;
        let partitions = self.partitions();
        let (before, behind) = partitions.split_at(partitions.partition_point(|it| *it <= after));
        for partition in behind.iter().chain(before) {
            let room = max.get() - taken.len();
            if room == 0 {
                break;
            }
            self.take_from(*partition, room, now, &mut taken);
        }
        taken
    }

    fn take_from(&mut self, partition: i32, max: usize, now: Timestamp, into: &mut Vec<Delivery>) {
        let Some(lane) = self.by_partition.get_mut(&partition).filter(|lane| !lane.leaving) else {
            return;
        };
        lane.schedule.expire(now);
        let mut from = 0;
        let max = max + into.len();
        while into.len() < max {
            let Some(offset) = lane.schedule.next_for(lane.generation, from) else {
                break;
            };
            from = offset + 1;
            if !lane.account.allows(offset, lane.schedule.attempts(offset)) {
                continue;
            }
            let Some(message) = lane.messages.get(offset) else {
                continue;
            };
            self.last_sequence += 1;
            self.last_served = partition;
            self.waiting -= 1;
            self.waiting_bytes -= message.size_bytes();
            let lease = Lease { generation: lane.generation, sequence: self.last_sequence };
            let attempt = lane.schedule.hand_over(offset, lease, None, now);
            lane.account.handed_over(offset);
            let place = partition.unsigned_abs();
            into.push(Delivery {
                message: message.clone(),
                position: Position { lane: place, major: offset, minor: 0 },
                token: AckToken {
                    generation: lane.generation,
                    lane: place,
                    position: offset,
                    sequence: self.last_sequence,
                    handle: None,
                },
                attempt: NonZeroU32::new(attempt),
                received: now,
                lease: None,
            });
        }
    }

    /// Ends a hand-over; false if it is over.
    pub(super) fn settle(&mut self, token: &AckToken, how: Settle, now: Timestamp) -> bool {
        let partition = i32::try_from(token.lane).unwrap_or(-1);
        let Some(lane) = self.by_partition.get_mut(&partition) else {
            return false;
        };
        let (offset, lease) =
            (token.position, Lease { generation: token.generation, sequence: token.sequence });
        let back = match how {
            Settle::Ack => {
                if !lane.schedule.ack(offset, lease) {
                    return false;
                }
                lane.messages.remove(offset);
                lane.account.settled(offset);
                if lane.messages.is_empty() {
                    lane.account.all_is_well();
                }
                if let Some(mark) = &mut lane.mark {
                    mark.settle(offset);
                }
                return true;
            }
            Settle::Retry { after } => Back::Attempted(now + after),
            Settle::Release => Back::Untouched,
        };
        if !lane.schedule.give_back(offset, lease, back, now) {
            return false;
        }
        lane.account.came_back(offset, lane.schedule.attempts(offset));
        if let Some(message) = lane.messages.get_mut(offset) {
            // It may wait for long, and must not keep its neighbours' memory.
            *message = message.detached();
            self.waiting += 1;
            self.waiting_bytes += message.size_bytes();
        }
        true
    }

    /// Whether a hand-over may still begin to be handled.
    pub(super) fn may_begin(&self, token: &AckToken) -> bool {
        let lane = i32::try_from(token.lane).ok().and_then(|it| self.by_partition.get(&it));
        let lease = Lease { generation: token.generation, sequence: token.sequence };
        lane.is_some_and(|lane| !lane.leaving && lane.schedule.holds(token.position, lease))
    }

    /// When a delay ends next.
    pub(super) fn next_due(&self) -> Option<Timestamp> {
        self.by_partition.values().filter_map(|lane| lane.schedule.next_due()).min()
    }

    /// Whether something of these partitions is handed over and not settled.
    pub(super) fn holds(&self, partitions: &[i32]) -> bool {
        let held = |partition| self.by_partition.get(partition).map(|lane| lane.schedule.leased());
        partitions.iter().filter_map(held).any(|held| held > 0)
    }

    /// The marks that have moved since they were last asked for.
    pub(super) fn moved(&mut self) -> Vec<Mark> {
        let mut moved = Vec::new();
        for (partition, lane) in &mut self.by_partition {
            let mark = lane.mark(*partition, Vec::new());
            if let Some(mark) = mark.filter(|mark| mark.offset > lane.stored) {
                lane.stored = mark.offset;
                moved.push(mark);
            }
        }
        moved
    }

    /// What must be on record before more is handed over.
    pub(super) fn due(&mut self, now: Timestamp) -> Vec<Mark> {
        let mut marks = Vec::new();
        for (partition, lane) in self.by_partition.iter_mut().filter(|(_, lane)| !lane.leaving) {
            let entered = lane.enter(now);
            let opens = !lane.account.is_open() && !lane.messages.is_empty();
            if opens || !entered.is_empty() {
                marks.extend(lane.mark(*partition, entered));
            }
        }
        marks
    }

    /// That is on record, or cannot be. The marks that moved on meanwhile.
    pub(super) fn recorded(&mut self, marks: &[Mark]) -> Vec<Mark> {
        let mut later = Vec::new();
        for mark in marks {
            if let Some(lane) = self.by_partition.get_mut(&mark.partition) {
                lane.account.recorded(&mark.waiting);
                let now = lane.mark(mark.partition, Vec::new());
                later.extend(now.filter(|now| now.offset > mark.offset));
            }
        }
        later
    }

    /// The last marks of partitions that go. What is handed over counts as an attempt where its
    /// holder ends as well; where it lives on it was interrupted by us.
    pub(super) fn part(&mut self, partitions: &[i32], holder_ends: bool) -> Vec<Mark> {
        let mut marks = Vec::new();
        for partition in partitions {
            if let Some(lane) = self.by_partition.get_mut(partition) {
                for (offset, _) in lane.messages.iter() {
                    let held = lane.schedule.is_leased(offset) && !holder_ends;
                    let attempts = lane.schedule.attempts(offset) - u32::from(held);
                    lane.account.came_back(offset, attempts);
                }
                let account = lane.account.parting();
                marks.extend(lane.mark(*partition, Vec::new()).map(|it| Mark { account, ..it }));
            }
            self.remove(*partition);
        }
        marks
    }
}

impl Lane {
    /// Messages that are not handed over.
    fn waiting(&self) -> impl Iterator<Item = &Message> {
        let is_leased = |offset: u64| self.schedule.is_leased(offset);
        self.messages.iter().filter(move |(offset, _)| !is_leased(*offset)).map(|(_, it)| it)
    }
}
