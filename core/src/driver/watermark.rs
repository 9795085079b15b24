//! How far a position that covers everything before it may move.
//!
//! A broker that keeps one offset for each partition of a group forgets everything below it. The
//! offset may pass a message only once that message and all before it are settled (T1, T2).

use super::Ascending;

/// One partition of one assignment. Offsets may have gaps.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Watermark {
    /// What was begun and is not settled.
    open: Ascending<()>,
    /// The offset after the last one that was begun.
    next: u64,
}

impl Watermark {
    /// Nothing below this offset is left to be done.
    pub fn starting_at(offset: u64) -> Self {
        Self { open: Ascending::default(), next: offset }
    }

    /// Takes over the message at an offset. Offsets ascend: false, and nothing happens, for one
    /// that was taken over before.
    pub fn begin(&mut self, offset: u64) -> bool {
        if offset < self.next {
            return false;
        }
        self.open.insert(offset, ());
        self.next = offset + 1;
        true
    }

    /// The message at this offset is done for good. Nothing happens for one that is not open.
    pub fn settle(&mut self, offset: u64) {
        self.open.remove(offset);
    }

    /// The first offset that is not done: what may be committed.
    pub fn offset(&self) -> u64 {
        self.open.first().unwrap_or(self.next)
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;
    use crate::choices::Choices;

    /// The plain definition: the lowest offset that was begun and not settled.
    #[test]
    fn it_never_passes_what_is_unsettled_and_never_moves_back() {
        for seed in 0..2_000 {
            let mut choices = Choices(seed);
            let start = choices.below(1_000);
            let (mut mark, mut unsettled) = (Watermark::starting_at(start), BTreeSet::new());
            let mut next = start;
            for _ in 0..200 {
                let before = mark.offset();
                if choices.below(2) == 0 {
                    let offset = next + choices.below(3);
                    assert!(mark.begin(offset), "seed {seed}");
                    unsettled.insert(offset);
                    next = offset + 1;
                } else {
                    let offset = start + choices.below(next - start + 1);
                    mark.settle(offset);
                    unsettled.remove(&offset);
                }
                let expected = unsettled.first().copied().unwrap_or(next);
                assert_eq!(mark.offset(), expected, "seed {seed}");
                assert!(mark.offset() >= before, "seed {seed}");
            }
        }
    }

    #[test]
    fn what_was_taken_over_is_not_taken_over_again() {
        let mut mark = Watermark::starting_at(7);
        assert!(!mark.begin(6));
        assert!(mark.begin(7));
        assert!(!mark.begin(7));
        assert_eq!(mark.offset(), 7);
        mark.settle(7);
        mark.settle(7);
        assert_eq!(mark.offset(), 8);
        assert_eq!(mark.open.len(), 0);
    }
}
