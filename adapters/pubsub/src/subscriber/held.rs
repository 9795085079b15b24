//! What a stream brought and nobody settled. Pure: no I/O, no clock.

use std::collections::{BTreeMap, HashMap};
use std::hash::{DefaultHasher, Hash as _, Hasher as _};
use std::num::{NonZeroU32, NonZeroUsize};

use google_cloud_pubsub::subscriber::handler::Handler;
use wingman_core::clock::Timestamp;
use wingman_core::driver::{Back, Lease, Schedule};
use wingman_core::message::Message;
use wingman_core::transport::{AckToken, Delivery, Generation, Position, Settle};

/// Messages, and bytes of them, that may wait here to be received. The service is told the same.
pub(super) const WAITING_MAX: usize = 1_000;
pub(super) const WAITING_BYTES_MAX: usize = 32 << 20;

/// The messages of one stream.
#[derive(Debug)]
pub(super) struct Held {
    generation: Generation,
    /// Whether messages of one key wait for each other.
    ordered: bool,
    schedule: Schedule,
    messages: BTreeMap<u64, One>,
    /// The place of each message by the service's id.
    places: HashMap<String, u64>,
    last_place: u64,
    last_sequence: u64,
    waiting: usize,
    waiting_bytes: usize,
}

#[derive(Debug)]
struct One {
    id: String,
    message: Message,
    /// Hand-overs that the service counted before this stream's, where it counts.
    before: u32,
    /// More than one where the service brought it again while it was held. Dropping one hands back.
    handlers: Vec<Handler>,
}

impl Held {
    pub(super) fn new(ordered: bool) -> Self {
        Self {
            generation: Generation::next(),
            ordered,
            schedule: Schedule::default(),
            messages: BTreeMap::new(),
            places: HashMap::new(),
            last_place: 0,
            last_sequence: 0,
            waiting: 0,
            waiting_bytes: 0,
        }
    }

    /// Takes over what came.
    pub(super) fn arrived(
        &mut self,
        id: String,
        message: Message,
        handler: Handler,
        now: Timestamp,
    ) {
        if let Some(one) = self.places.get(&id).and_then(|place| self.messages.get_mut(place)) {
            one.handlers.push(handler);
            return;
        }
        self.last_place += 1;
        let place = self.last_place;
        let key = if self.ordered { message.key.clone() } else { None };
        self.schedule.add(place, key, now);
        self.waiting += 1;
        self.waiting_bytes += message.size_bytes();
        self.places.insert(id.clone(), place);
        let counted = handler.delivery_attempt().and_then(|count| u32::try_from(count).ok());
        let before = counted.unwrap_or(1).saturating_sub(1);
        self.messages.insert(place, One { id, message, before, handlers: vec![handler] });
    }

    /// Whether more should be read.
    pub(super) fn has_room(&self) -> bool {
        self.waiting < WAITING_MAX && self.waiting_bytes < WAITING_BYTES_MAX
    }

    /// Hands over at most so many.
    pub(super) fn take(&mut self, max: NonZeroUsize, now: Timestamp) -> Vec<Delivery> {
        self.schedule.expire(now);
        let (mut taken, mut from) = (Vec::new(), 0);
        while taken.len() < max.get() {
            let Some(place) = self.schedule.next_for(self.generation, from) else {
                break;
            };
            from = place + 1;
            let Some(one) = self.messages.get(&place) else {
                continue;
            };
            self.last_sequence += 1;
            self.waiting -= 1;
            self.waiting_bytes -= one.message.size_bytes();
            let lease = Lease { generation: self.generation, sequence: self.last_sequence };
            let attempt = self.schedule.hand_over(place, lease, None, now);
            taken.push(Delivery {
                message: one.message.clone(),
                position: position(&one.id),
                token: AckToken {
                    generation: self.generation,
                    lane: 0,
                    position: place,
                    sequence: self.last_sequence,
                    handle: None,
                },
                attempt: NonZeroU32::new(attempt.saturating_add(one.before)),
                received: now,
                lease: None,
            });
        }
        taken
    }

    /// Ends a hand-over; false if it is over.
    pub(super) fn settle(&mut self, token: &AckToken, how: Settle, now: Timestamp) -> bool {
        let (place, lease) = (token.position, lease_of(token));
        let back = match how {
            Settle::Ack => {
                if !self.schedule.ack(place, lease) {
                    return false;
                }
                if let Some(one) = self.messages.remove(&place) {
                    self.places.remove(&one.id);
                    one.handlers.into_iter().for_each(Handler::ack);
                }
                return true;
            }
            Settle::Retry { after } => Back::Attempted(now + after),
            Settle::Release => Back::Untouched,
        };
        if !self.schedule.give_back(place, lease, back, now) {
            return false;
        }
        if let Some(one) = self.messages.get(&place) {
            self.waiting += 1;
            self.waiting_bytes += one.message.size_bytes();
        }
        true
    }

    /// Whether a hand-over has not ended.
    pub(super) fn holds(&self, token: &AckToken) -> bool {
        self.schedule.holds(token.position, lease_of(token))
    }

    /// When a delay ends next.
    pub(super) fn next_due(&self) -> Option<Timestamp> {
        self.schedule.next_due()
    }

    /// Hands everything back, in its order: the emulator hands it out again in the order in which it
    /// came back.
    pub(super) fn clear(&mut self) {
        let held = std::mem::replace(self, Self::new(self.ordered));
        let handlers = held.messages.into_values().flat_map(|one| one.handlers);
        handlers.for_each(Handler::nack);
    }
}

fn lease_of(token: &AckToken) -> Lease {
    Lease { generation: token.generation, sequence: token.sequence }
}

/// The place of a message by the service's id, which is a number, though that is not promised.
pub(crate) fn position(id: &str) -> Position {
    if let Ok(major) = id.parse() {
        return Position { lane: 0, major, minor: 0 };
    }
    let mut hasher = DefaultHasher::new();
    id.hash(&mut hasher);
    Position { lane: 0, major: hasher.finish(), minor: 1 }
}
