//! The messages of one topic, in publish order, and when they may be forgotten.

use std::collections::{BTreeMap, VecDeque};

use crate::message::Message;

/// What a message costs beside its bytes, so that empty messages are bounded too.
const ENTRY_BYTES: usize = 256;

/// What the topics of one broker hold together.
#[derive(Debug)]
pub(super) struct Budget {
    used_bytes: usize,
    bytes_max: usize,
}

impl Budget {
    pub(super) fn new(bytes_max: usize) -> Self {
        Self { used_bytes: 0, bytes_max }
    }

    /// Whether a message more fits.
    pub(super) fn has_room_for(&self, message: &Message) -> bool {
        self.used_bytes + cost(message) <= self.bytes_max
    }
}

/// An append-only log. A message is needed until each group that should get it has acked it; then
/// it is history, which goes oldest first when there is too much of it.
#[derive(Debug, Default)]
pub(super) struct Log {
    entries: BTreeMap<u64, Entry>,
    /// The offset of the next message.
    end: u64,
    history: VecDeque<u64>,
    history_bytes: usize,
}

#[derive(Debug)]
struct Entry {
    message: Message,
    /// Groups that have not acked it.
    needed_by: usize,
}

impl Log {
    /// Adds a message that this many groups will get; returns its offset.
    pub(super) fn append(&mut self, message: Message, groups: usize, budget: &mut Budget) -> u64 {
        let offset = self.end;
        self.end += 1;
        let bytes = cost(&message);
        budget.used_bytes += bytes;
        self.entries.insert(offset, Entry { message, needed_by: groups });
        if groups == 0 {
            self.history.push_back(offset);
            self.history_bytes += bytes;
        }
        offset
    }

    /// The first message at or after an offset.
    pub(super) fn next_from(&self, offset: u64) -> Option<(u64, &Message)> {
        let (offset, entry) = self.entries.range(offset..).next()?;
        Some((*offset, &entry.message))
    }

    pub(super) fn get(&self, offset: u64) -> Option<&Message> {
        self.entries.get(&offset).map(|entry| &entry.message)
    }

    /// One group less needs this message.
    pub(super) fn release(&mut self, offset: u64) {
        if let Some(entry) = self.entries.get_mut(&offset) {
            entry.needed_by = entry.needed_by.saturating_sub(1);
            if entry.needed_by == 0 {
                self.history.push_back(offset);
                self.history_bytes += cost(&entry.message);
            }
        }
    }

    /// A new group needs everything that is held.
    pub(super) fn retain_all(&mut self) {
        self.entries.values_mut().for_each(|entry| entry.needed_by += 1);
        self.history.clear();
        self.history_bytes = 0;
    }

    /// Offsets from this one on, for a group that is deleted before it got them.
    pub(super) fn offsets_from(&self, offset: u64) -> Vec<u64> {
        self.entries.range(offset..).map(|(at, _)| *at).collect()
    }

    /// Forgets the oldest history until at most this much of it is left.
    pub(super) fn trim(&mut self, history_bytes_max: usize, budget: &mut Budget) {
        while self.history_bytes > history_bytes_max && self.forget_oldest(budget) {}
    }

    /// Forgets the oldest message that no group needs; false if there is none.
    pub(super) fn forget_oldest(&mut self, budget: &mut Budget) -> bool {
        let oldest = self.history.pop_front();
        let Some(entry) = oldest.and_then(|offset| self.entries.remove(&offset)) else {
            return false;
        };
        let bytes = cost(&entry.message);
        self.history_bytes -= bytes;
        budget.used_bytes -= bytes;
        true
    }

    /// Gives everything back, for a topic that is deleted.
    pub(super) fn clear(&mut self, budget: &mut Budget) {
        let bytes: usize = self.entries.values().map(|entry| cost(&entry.message)).sum();
        budget.used_bytes -= bytes;
        *self = Self::default();
    }

    /// The offset of the next message to be published.
    pub(super) fn end(&self) -> u64 {
        self.end
    }

    /// Messages held at or after an offset.
    pub(super) fn count_from(&self, offset: u64) -> usize {
        self.entries.range(offset..).count()
    }
}

fn cost(message: &Message) -> usize {
    message.size_bytes() + ENTRY_BYTES
}
