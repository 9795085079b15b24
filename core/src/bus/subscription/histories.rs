//! Remembers failed attempts of deliveries that wait at the broker, so that a dead letter tells
//! every reason that this process knows.

use std::collections::{HashMap, VecDeque};

use super::dead_letter::FailedAttempt;
use crate::transport::Position;

/// Remembered deliveries; beyond it the oldest is forgotten, and only its reasons with it.
const DELIVERIES_MAX: usize = 4_096;

/// Names a message: the topic's index in the subscription, and its place there.
type Origin = (usize, Position);

/// Failed attempts by the place of the message.
#[derive(Debug, Default)]
pub(crate) struct Histories {
    kept: HashMap<Origin, Kept>,
    /// In order of arrival; may name what was taken already.
    order: VecDeque<(Origin, u64)>,
    stamps: u64,
}

#[derive(Debug)]
struct Kept {
    failed: Vec<FailedAttempt>,
    /// Tells this from an earlier one of the same message.
    stamp: u64,
}

impl Histories {
    pub(crate) fn keep(&mut self, origin: Origin, failed: Vec<FailedAttempt>) {
        while self.kept.len() >= DELIVERIES_MAX
            && let Some((oldest, stamp)) = self.order.pop_front()
        {
            if self.kept.get(&oldest).is_some_and(|kept| kept.stamp == stamp) {
                self.kept.remove(&oldest);
            }
        }
        if self.order.len() >= 2 * DELIVERIES_MAX {
            let kept = &self.kept;
            let is_kept = |(origin, stamp): &(Origin, u64)| {
                kept.get(origin).is_some_and(|kept| kept.stamp == *stamp)
            };
            self.order.retain(is_kept);
        }
        self.stamps += 1;
        let stamp = self.stamps;
        self.order.push_back((origin, stamp));
        self.kept.insert(origin, Kept { failed, stamp });
    }

    pub(crate) fn take(&mut self, origin: Origin) -> Vec<FailedAttempt> {
        // Mostly nothing has failed.
        if self.kept.is_empty() {
            return Vec::new();
        }
        let kept = self.kept.remove(&origin);
        kept.map_or_else(Vec::new, |kept| kept.failed)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::bus::subscription::dead_letter::Cause;

    #[test]
    fn it_is_bounded_and_forgets_the_oldest() {
        let origin = |major| (0, Position { lane: 0, major, minor: 0 });
        let failed = FailedAttempt {
            attempt: 1,
            at_millis: 0,
            cause: Cause::Environmental,
            reason: String::new(),
        };
        let mut histories = Histories::default();
        for major in 0..=DELIVERIES_MAX as u64 {
            histories.keep(origin(major), vec![failed.clone()]);
        }
        assert_eq!(histories.take(origin(0)), []);
        assert_eq!(histories.take(origin(1)), std::slice::from_ref(&failed));
        assert_eq!(histories.take(origin(1)), []);
        for _ in 0..3 * DELIVERIES_MAX {
            histories.take(origin(2));
            histories.keep(origin(2), vec![failed.clone()]);
            assert!(histories.order.len() <= 2 * DELIVERIES_MAX);
        }
        assert_eq!(histories.kept.len(), DELIVERIES_MAX - 1);
    }
}
