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
    failed: HashMap<Origin, Vec<FailedAttempt>>,
    /// In order of arrival; may name what was taken already.
    order: VecDeque<Origin>,
}

impl Histories {
    pub(crate) fn keep(&mut self, origin: Origin, failed: Vec<FailedAttempt>) {
        if self.order.len() >= DELIVERIES_MAX {
            self.order.retain(|origin| self.failed.contains_key(origin));
        }
        if self.order.len() >= DELIVERIES_MAX
            && let Some(oldest) = self.order.pop_front()
        {
            self.failed.remove(&oldest);
        }
        if self.failed.insert(origin, failed).is_none() {
            self.order.push_back(origin);
        }
    }

    pub(crate) fn take(&mut self, origin: Origin) -> Vec<FailedAttempt> {
        // Mostly nothing has failed.
        if self.failed.is_empty() {
            return Vec::new();
        }
        self.failed.remove(&origin).unwrap_or_default()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::bus::subscription::dead_letter::Cause;

    #[test]
    fn it_is_bounded_and_forgets_the_oldest() {
        let origin = |major| {
            (
                0,
                Position {
                    lane: 0,
                    major,
                    minor: 0,
                },
            )
        };
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
        for _ in 0..2 * DELIVERIES_MAX {
            histories.keep(origin(1), vec![failed.clone()]);
            histories.take(origin(1));
        }
        assert!(
            histories.order.len() <= DELIVERIES_MAX && histories.failed.len() <= DELIVERIES_MAX
        );
    }
}
