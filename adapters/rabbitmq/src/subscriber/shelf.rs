//! What came over one channel and is not settled. Pure: no I/O, no clock.

use std::collections::HashMap;
use std::num::{NonZeroU32, NonZeroUsize};

use wingman_core::clock::Timestamp;
use wingman_core::driver::{Ascending, Back, Lease, Schedule};
use wingman_core::message::Message;
use wingman_core::transport::{AckToken, Delivery, Generation, Position, Settle};

use crate::codec::{Incoming, MessageId};

/// The deliveries of one channel, by their tags, which ascend.
#[derive(Debug)]
pub(super) struct Shelf {
    generation: Generation,
    /// Whether messages of one key wait for each other.
    ordered: bool,
    schedule: Schedule,
    held: Ascending<Held>,
    last_sequence: u64,
    /// Of messages that an earlier channel had.
    known: Known,
}

/// What the server is told.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Ack {
    pub(super) tag: u64,
    /// Of those before it, too.
    pub(super) all_before: bool,
}

#[derive(Debug)]
struct Held {
    message: Message,
    id: Option<MessageId>,
    position: Position,
    /// What the server said when it came.
    deliveries: u32,
    /// Attempts before it came.
    before: u32,
}

/// Attempts of messages that were not settled when their channel ended, so that what was only sent
/// ahead to us does not count as attempted.
#[derive(Debug, Default)]
pub(super) struct Known(HashMap<MessageId, Attempts>);

#[derive(Debug, Clone, Copy)]
struct Attempts {
    ours: u32,
    /// What the server had counted.
    deliveries: u32,
}

impl Known {
    /// The attempts before a hand-over that the server counts so. What it counts beyond the one that
    /// ended with our channel was with somebody else.
    fn before(&mut self, id: Option<MessageId>, deliveries: u32) -> u32 {
        let known = id.and_then(|id| self.0.remove(&id));
        known.map_or(deliveries, |known| {
            let elsewhere = deliveries.saturating_sub(known.deliveries).saturating_sub(1);
            known.ours.saturating_add(elsewhere)
        })
    }
}

impl Shelf {
    pub(super) fn new(ordered: bool, known: Known) -> Self {
        Self {
            generation: Generation::next(),
            ordered,
            schedule: Schedule::default(),
            held: Ascending::default(),
            last_sequence: 0,
            known,
        }
    }

    pub(super) fn generation(&self) -> Generation {
        self.generation
    }

    /// Takes over what came.
    pub(super) fn arrived(&mut self, tag: u64, redelivered: bool, came: Incoming, now: Timestamp) {
        let Incoming { message, id, deliveries } = came;
        // A classic queue says only whether, not how often.
        let deliveries = deliveries.unwrap_or_else(|| redelivered.into());
        let before = self.known.before(id, deliveries);
        let key = if self.ordered { message.key.clone() } else { None };
        self.schedule.add(tag, key, now);
        // Without a name it is another one each time that it comes.
        let position = id.unwrap_or_else(MessageId::next).into();
        self.held.insert(tag, Held { message, id, position, deliveries, before });
    }

    /// Hands over at most so many.
    pub(super) fn take(&mut self, max: NonZeroUsize, now: Timestamp) -> Vec<Delivery> {
        self.schedule.expire(now);
        let mut taken = Vec::new();
        let mut from = 0;
        while taken.len() < max.get() {
            let Some(tag) = self.schedule.next_for(self.generation, from) else {
                break;
            };
            from = tag + 1;
            let Some(held) = self.held.get(tag) else {
                continue;
            };
            self.last_sequence += 1;
            let lease = Lease { generation: self.generation, sequence: self.last_sequence };
            let attempt = self.schedule.hand_over(tag, lease, None, now);
            taken.push(Delivery {
                message: held.message.clone(),
                position: held.position,
                token: AckToken {
                    generation: self.generation,
                    lane: 0,
                    position: tag,
                    sequence: self.last_sequence,
                    handle: None,
                },
                attempt: NonZeroU32::new(held.before.saturating_add(attempt)),
                received: now,
                lease: None,
            });
        }
        taken
    }

    /// Ends a hand-over; false if it is over. Whoever acks tells the server.
    pub(super) fn settle(&mut self, token: &AckToken, how: Settle, now: Timestamp) -> bool {
        let (tag, lease) = place(token);
        match how {
            Settle::Ack => {
                let is_over = !self.schedule.ack(tag, lease);
                if !is_over {
                    self.held.remove(tag);
                }
                !is_over
            }
            Settle::Retry { after } => self.put_back(tag, lease, Back::Attempted(now + after), now),
            Settle::Release => self.put_back(tag, lease, Back::Untouched, now),
        }
    }

    fn put_back(&mut self, tag: u64, lease: Lease, back: Back, now: Timestamp) -> bool {
        let is_back = self.schedule.give_back(tag, lease, back, now);
        if is_back && let Some(held) = self.held.get_mut(tag) {
            // It may wait for long, and must not keep its neighbours' memory.
            held.message = held.message.detached();
        }
        is_back
    }

    /// How the server is told that these were acked here: of all before the first that is still held
    /// at once. They are to be written before anything else is settled: one that says a tag of which
    /// a later one told already ends the channel.
    pub(super) fn acks(&self, acked: &[u64]) -> Vec<Ack> {
        let first_held = self.held.first();
        let is_before = |tag: u64| first_held.is_none_or(|first| tag < first);
        let (before, behind): (Vec<u64>, Vec<u64>) = acked.iter().partition(|tag| is_before(**tag));
        let before = before.into_iter().max().map(|tag| Ack { tag, all_before: true });
        let behind = behind.into_iter().map(|tag| Ack { tag, all_before: false });
        before.into_iter().chain(behind).collect()
    }

    pub(super) fn holds(&self, token: &AckToken) -> bool {
        let (tag, lease) = place(token);
        self.schedule.holds(tag, lease)
    }

    /// When a delay ends next.
    pub(super) fn next_due(&self) -> Option<Timestamp> {
        self.schedule.next_due()
    }

    /// What the shelf after this one must know. Nothing can be taken from this one any more.
    pub(super) fn ended(&mut self) -> Known {
        let held = std::mem::take(&mut self.held);
        let schedule = std::mem::take(&mut self.schedule);
        let attempts = |(tag, held): (u64, &Held)| {
            let ours = held.before.saturating_add(schedule.attempts(tag));
            Some((held.id?, Attempts { ours, deliveries: held.deliveries }))
        };
        Known(held.iter().filter_map(attempts).collect())
    }
}

fn place(token: &AckToken) -> (u64, Lease) {
    (token.position, Lease { generation: token.generation, sequence: token.sequence })
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    const NOW: Timestamp = Timestamp::from_millis(1_000);

    fn came(body: &'static str, id: MessageId, deliveries: Option<u32>) -> Incoming {
        Incoming { message: Message::new(body).with_key("k"), id: Some(id), deliveries }
    }

    fn one(shelf: &mut Shelf) -> Delivery {
        let mut taken = shelf.take(NonZeroUsize::MIN, NOW);
        taken.pop().expect("something to take")
    }

    fn attempt(delivery: &Delivery) -> u32 {
        delivery.attempt.map_or(0, NonZeroU32::get)
    }

    #[test]
    fn a_delayed_head_holds_up_its_key_if_ordered() {
        for ordered in [true, false] {
            let mut shelf = Shelf::new(ordered, Known::default());
            shelf.arrived(1, false, came("a", MessageId::next(), None), NOW);
            shelf.arrived(2, false, came("b", MessageId::next(), None), NOW);
            let head = one(&mut shelf);
            let after = Duration::from_millis(5);
            assert!(shelf.settle(&head.token, Settle::Retry { after }, NOW));
            assert!(!shelf.settle(&head.token, Settle::Ack, NOW));
            let next = shelf.take(NonZeroUsize::MAX, NOW);
            assert_eq!(next.len(), usize::from(!ordered));
            assert_eq!(shelf.next_due(), Some(NOW + after));
            let later = shelf.take(NonZeroUsize::MAX, NOW + after);
            assert_eq!(later[0].position, head.position);
            assert_eq!(attempt(&later[0]), 2);
        }
    }

    #[test]
    fn what_was_only_sent_ahead_is_no_attempt_on_the_next_channel() {
        let ids: Vec<_> = (0..3).map(|_| MessageId::next()).collect();
        let mut shelf = Shelf::new(false, Known::default());
        for (tag, id) in (1..).zip(&ids) {
            shelf.arrived(tag, false, came("x", *id, None), NOW);
        }
        let first = one(&mut shelf);
        shelf.settle(&first.token, Settle::Retry { after: Duration::ZERO }, NOW);
        assert_eq!(attempt(&one(&mut shelf)), 2);
        let mut shelf = Shelf::new(false, shelf.ended());
        // The first was with somebody else in between, the third is not known here.
        shelf.arrived(1, true, came("x", ids[0], Some(2)), NOW);
        shelf.arrived(2, true, came("x", ids[1], Some(1)), NOW);
        shelf.arrived(3, true, came("x", MessageId::next(), Some(4)), NOW);
        let attempts: Vec<_> = shelf.take(NonZeroUsize::MAX, NOW).iter().map(attempt).collect();
        assert_eq!(attempts, [4, 1, 5]);
    }

    #[test]
    fn one_ack_says_all_that_is_done_and_nothing_that_is_held() {
        let mut shelf = Shelf::new(false, Known::default());
        (1..=6).for_each(|tag| shelf.arrived(tag, false, came("x", MessageId::next(), None), NOW));
        let taken = shelf.take(NonZeroUsize::new(5).expect("not zero"), NOW);
        let mut ack = |tags: &[u64]| -> Vec<_> {
            for tag in tags {
                let token = &taken[*tag as usize - 1].token;
                assert!(shelf.settle(token, Settle::Ack, NOW));
            }
            shelf.acks(tags).into_iter().map(|it| (it.tag, it.all_before)).collect()
        };
        assert_eq!(ack(&[3]), [(3, false)], "the first is held");
        assert_eq!(ack(&[5, 1]), [(1, true), (5, false)]);
        assert_eq!(ack(&[2]), [(2, true)]);
        assert_eq!(ack(&[4]), [(4, true)], "the sixth waits here");
        assert_eq!(ack(&[]), []);
    }

    #[test]
    fn tokens_of_an_ended_shelf_hold_nothing() {
        let mut shelf = Shelf::new(true, Known::default());
        shelf.arrived(1, false, came("a", MessageId::next(), None), NOW);
        let head = one(&mut shelf);
        assert!(shelf.holds(&head.token));
        shelf.ended();
        assert!(!shelf.holds(&head.token) && !shelf.settle(&head.token, Settle::Ack, NOW));
        let mut next = Shelf::new(true, Known::default());
        next.arrived(1, false, came("a", MessageId::next(), None), NOW);
        one(&mut next);
        assert!(!next.settle(&head.token, Settle::Ack, NOW), "the same tag of another channel");
    }
}
