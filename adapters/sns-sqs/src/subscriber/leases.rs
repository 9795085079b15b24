//! What a subscriber holds, and until when. The service itself takes a receipt handle whose time is
//! over, and may then end the hand-over of somebody else: so we look here first.

use std::collections::{HashMap, HashSet};
use std::sync::Arc;
use std::time::Duration;

use tokio::time::Instant;
use wingman_core::transport::{AckToken, Generation, Position};

#[derive(Debug)]
pub(super) struct Leases {
    /// New once everything that it handed over ran out: work that was held comes back then.
    generation: Generation,
    sequence: u64,
    held: HashMap<u64, Held>,
}

#[derive(Debug)]
struct Held {
    handle: Arc<str>,
    position: Position,
    until: Instant,
}

impl Leases {
    pub(super) fn new() -> Self {
        Self { generation: Generation::next(), sequence: 0, held: HashMap::new() }
    }

    /// Forgets what ran out, and what is handed over again: its lease ended for the service, whose
    /// clock began a moment before ours.
    pub(super) fn sweep(&mut self, now: Instant, again: &HashSet<Position>) {
        let before = self.held.len();
        self.held.retain(|_, held| held.until > now && !again.contains(&held.position));
        if self.held.is_empty() && before > 0 {
            self.generation = Generation::next();
        }
    }

    /// Forgets everything, as of a queue that is gone.
    pub(super) fn lose(&mut self) {
        self.held.clear();
        self.generation = Generation::next();
    }

    /// Notes a hand-over.
    pub(super) fn hold(&mut self, handle: &str, position: Position, until: Instant) -> AckToken {
        self.sequence += 1;
        let handle: Arc<str> = handle.into();
        self.held.insert(self.sequence, Held { handle: handle.clone(), position, until });
        AckToken {
            generation: self.generation,
            lane: position.lane,
            position: position.major,
            sequence: self.sequence,
            handle: Some(handle),
        }
    }

    /// The receipt handle of a hand-over that is still ours.
    pub(super) fn handle(&self, token: &AckToken, now: Instant) -> Option<Arc<str>> {
        let held =
            self.held.get(&token.sequence).filter(|_| token.generation == self.generation)?;
        let is_ours = held.until > now && token.handle.as_ref() == Some(&held.handle);
        is_ours.then(|| held.handle.clone())
    }

    /// Moves the end of a lease.
    pub(super) fn extend(&mut self, token: &AckToken, now: Instant, by: Duration) {
        if self.handle(token, now).is_some()
            && let Some(held) = self.held.get_mut(&token.sequence)
        {
            held.until = now + by;
        }
    }

    /// Ends a hand-over.
    pub(super) fn end(&mut self, token: &AckToken) {
        if token.generation == self.generation {
            self.held.remove(&token.sequence);
        }
    }

    /// The handles of everything that is held, which is forgotten.
    pub(super) fn drain(&mut self, now: Instant) -> Vec<Arc<str>> {
        let held = self.held.drain().map(|(_, held)| held);
        held.filter(|held| held.until > now).map(|held| held.handle).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const PLACE: Position = Position { lane: 0, major: 7, minor: 8 };

    #[tokio::test]
    async fn a_hand_over_is_ours_until_it_ends_or_runs_out() {
        let now = Instant::now();
        let second = Duration::from_secs(1);
        let mut leases = Leases::new();
        let (one, two) =
            (leases.hold("one", PLACE, now + second), leases.hold("two", PLACE, now + second));
        assert_eq!(leases.handle(&one, now).as_deref(), Some("one"));
        assert!(leases.handle(&one, now + second).is_none());
        leases.extend(&one, now, second * 3);
        assert!(leases.handle(&one, now + second * 2).is_some());
        leases.end(&two);
        assert!(leases.handle(&two, now).is_none());
        let forged = AckToken { handle: Some("three".into()), ..one.clone() };
        assert!(leases.handle(&forged, now).is_none());
        let forged = AckToken { generation: Generation::next(), ..one };
        assert!(leases.handle(&forged, now).is_none());
    }

    #[tokio::test]
    async fn a_generation_ends_when_all_that_it_held_ran_out() {
        let now = Instant::now();
        let second = Duration::from_secs(1);
        let mut leases = Leases::new();
        let none = HashSet::new();
        let short = leases.hold("short", PLACE, now + second);
        let long = leases.hold("long", PLACE, now + second * 5);
        leases.sweep(now + second, &none);
        let next = leases.hold("next", PLACE, now + second * 5);
        assert_eq!(next.generation, short.generation, "something is still held");
        leases.end(&next);
        leases.sweep(now + second * 5, &none);
        let after = leases.hold("after", PLACE, now + second * 9);
        assert_ne!(after.generation, long.generation);
        leases.end(&after);
        leases.sweep(now + second * 20, &none);
        assert_eq!(leases.hold("x", PLACE, now).generation, after.generation, "nothing ran out");
    }

    #[tokio::test]
    async fn what_is_handed_over_again_was_over_before() {
        let now = Instant::now();
        let later = now + Duration::from_secs(5);
        let mut leases = Leases::new();
        let other = leases.hold("other", Position { major: 1, ..PLACE }, later);
        let first = leases.hold("first", PLACE, later);
        leases.sweep(now, &HashSet::from([PLACE]));
        let again = leases.hold("again", PLACE, later);
        assert!(leases.handle(&first, now).is_none());
        assert!(leases.handle(&again, now).is_some() && leases.handle(&other, now).is_some());
        assert_eq!(again.generation, first.generation, "something else is still held");
    }
}
