//! Lanes: one for each key that is busy, in order of arrival, the head first (T3).

use std::collections::{HashMap, VecDeque};

use bytes::Bytes;

use super::entries::Number;

/// What waits behind the head of each busy key. A lane exists only while its key is busy; what has
/// no key never gets one.
#[derive(Debug, Default)]
pub(crate) struct Lanes {
    busy: HashMap<Bytes, VecDeque<Number>>,
    /// How many wait behind a head, in all lanes.
    waiting: usize,
}

impl Lanes {
    /// Puts a delivery at the end of its lane; true if it is the head.
    pub(crate) fn arrive(&mut self, key: &Bytes, number: Number) -> bool {
        if let Some(waiting) = self.busy.get_mut(key) {
            waiting.push_back(number);
            self.waiting += 1;
            return false;
        }
        self.busy.insert(key.clone(), VecDeque::new());
        true
    }

    /// The head is gone: returns the next one, or ends the lane.
    pub(crate) fn advance(&mut self, key: &Bytes) -> Option<Number> {
        let next = self.busy.get_mut(key)?.pop_front();
        match next {
            Some(_) => self.waiting -= 1,
            None => drop(self.busy.remove(key)),
        }
        next
    }

    /// Takes one that waits behind the head out of its lane.
    pub(crate) fn remove(&mut self, key: &Bytes, number: Number) {
        if let Some(waiting) = self.busy.get_mut(key) {
            let before = waiting.len();
            waiting.retain(|other| *other != number);
            self.waiting -= before - waiting.len();
        }
    }

    /// Takes everything behind the head, tail first; the head stays.
    pub(crate) fn behind(&mut self, key: &Bytes) -> Vec<Number> {
        let waiting = self.busy.get_mut(key).map(std::mem::take);
        let behind: Vec<_> = waiting.unwrap_or_default().into_iter().rev().collect();
        self.waiting -= behind.len();
        behind
    }

    /// How many wait behind a head.
    pub(crate) const fn waiting(&self) -> usize {
        self.waiting
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const KEY: Bytes = Bytes::from_static(b"k");
    const OTHER: Bytes = Bytes::from_static(b"o");

    fn numbers(of: impl IntoIterator<Item = u32>) -> Vec<Number> {
        of.into_iter().map(Number::first_of_slot).collect()
    }

    #[test]
    fn a_lane_keeps_order_and_ends_with_its_last() {
        let [a, b, c] = [0, 1, 2].map(Number::first_of_slot);
        let mut lanes = Lanes::default();
        assert!(lanes.arrive(&KEY, a));
        assert!(!lanes.arrive(&KEY, b));
        assert!(lanes.arrive(&OTHER, c), "another key does not wait");
        assert_eq!(lanes.advance(&KEY), Some(b));
        assert_eq!(lanes.advance(&KEY), None);
        assert!(lanes.arrive(&KEY, a), "the lane ended");
    }

    #[test]
    fn what_is_behind_a_head_returns_tail_first() {
        let all = numbers(0..5);
        let mut lanes = Lanes::default();
        for number in &all {
            lanes.arrive(&KEY, *number);
        }
        lanes.remove(&KEY, all[2]);
        assert_eq!(lanes.waiting(), 3);
        assert_eq!(lanes.behind(&KEY), [all[4], all[3], all[1]]);
        assert_eq!(lanes.waiting(), 0);
        assert_eq!(lanes.advance(&KEY), None);
    }
}
