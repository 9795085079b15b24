//! Messages in line for a call: those whose key is under way wait, and the others go.

use std::collections::{HashSet, VecDeque};
use std::hash::{BuildHasher as _, RandomState};

use super::Job;
use super::batch::Batch;

/// What stands for a key. Two keys with one hash only wait for each other.
pub(super) type KeyHash = u64;

/// The messages of a topic that are in no call.
pub(super) struct Line {
    /// What was not looked at yet, in order.
    fresh: VecDeque<Job>,
    /// What waits for its key, in order; all of it is older than what is fresh.
    held: VecDeque<Job>,
    /// The keys of the calls under way.
    away: HashSet<KeyHash>,
    hasher: RandomState,
    batch_messages_max: usize,
    batch_bytes_max: usize,
    messages_max: usize,
}

impl Line {
    /// A line as long as the batches of this many calls.
    pub(super) fn new(calls_max: usize, batch_messages_max: usize, batch_bytes_max: usize) -> Self {
        Self {
            fresh: VecDeque::new(),
            held: VecDeque::new(),
            away: HashSet::new(),
            hasher: RandomState::new(),
            batch_messages_max,
            batch_bytes_max,
            messages_max: batch_messages_max.saturating_mul(calls_max),
        }
    }

    /// Takes a message in, behind all others.
    pub(super) fn join(&mut self, job: Job) {
        self.fresh.push_back(job);
    }

    /// No more should join.
    pub(super) fn is_full(&self) -> bool {
        self.fresh.len() + self.held.len() >= self.messages_max
    }

    /// Moves into a batch what may go with it, in order; true if no more fits. One message above the limit of bytes
    /// goes alone.
    pub(super) fn board(&mut self, batch: &mut Batch) -> bool {
        while let Some(job) = self.fresh.pop_front() {
            let bytes = batch.bytes().saturating_add(job.message.size_bytes());
            if self.is_away(&job) {
                self.held.push_back(job);
            } else if batch.is_empty()
                || (batch.messages().len() < self.batch_messages_max
                    && bytes <= self.batch_bytes_max)
            {
                batch.push(job);
            } else {
                self.fresh.push_front(job);
                return true;
            }
        }
        batch.messages().len() >= self.batch_messages_max || batch.bytes() >= self.batch_bytes_max
    }

    /// A call with this batch begins; its keys, to be given back when it ends.
    pub(super) fn depart(&mut self, batch: &Batch) -> Vec<KeyHash> {
        let keys = batch.messages().iter().filter_map(|message| message.key.as_ref());
        let hashes = keys.map(|key| self.hasher.hash_one(key));
        hashes.filter(|hash| self.away.insert(*hash)).collect()
    }

    /// A call ended: what waited for its keys is in line again, at its place.
    pub(super) fn arrive(&mut self, keys: &[KeyHash]) {
        for key in keys {
            self.away.remove(key);
        }
        if !keys.is_empty() && !self.held.is_empty() {
            self.held.append(&mut self.fresh);
            std::mem::swap(&mut self.held, &mut self.fresh);
        }
    }

    fn is_away(&self, job: &Job) -> bool {
        let is_away = |key| self.away.contains(&self.hasher.hash_one(key));
        !self.away.is_empty() && job.message.key.as_ref().is_some_and(is_away)
    }
}
