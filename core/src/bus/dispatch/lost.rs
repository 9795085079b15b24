//! Deliveries that are not ours any more: what has not started is dropped, what runs is left to
//! its end. They come again.

use std::cmp::Reverse;
use std::collections::{HashMap, HashSet};

use bytes::Bytes;

use super::Dispatch;
use crate::bus::subscription::entries::{Entry, Number, Stage};
use crate::bus::subscription::leases::LeaseSlot;
use crate::transport::Settle;

impl Dispatch {
    /// Drops what was lost. What stands behind it in its lane, or will, is handed back, the youngest
    /// first, so that it does not overtake what comes again (T3).
    pub(super) fn drop_lost(&mut self) {
        let mut lost_keys: HashMap<Bytes, u64> = HashMap::new();
        for (_, entry) in self.entries.iter().filter(|(_, entry)| is_dropped(entry)) {
            if let Some(key) = &entry.lane {
                let first = lost_keys.entry(key.clone()).or_insert(entry.arrived);
                *first = entry.arrived.min(*first);
            }
        }
        let mut lost_lanes: HashSet<Bytes> = lost_keys.keys().cloned().collect();
        self.hand_back_inbox(|options, arrival| {
            let Some(key) = arrival.lane(options) else { return false };
            if is_lost(arrival.lease.as_ref()) {
                lost_lanes.insert(key);
                return false;
            }
            lost_lanes.contains(&key)
        });
        let behind = self.unstarted(|entry| {
            let first = entry.lane.as_ref().and_then(|key| lost_keys.get(key));
            first.is_some_and(|first| entry.arrived > *first) && !is_lost(entry.lease.as_ref())
        });
        for number in behind {
            self.take_out(number);
            self.send(number, Settle::Release);
        }
        let before = self.inbox.len();
        self.inbox.retain(|arrival| !is_lost(arrival.lease.as_ref()));
        self.taken += before - self.inbox.len();
        let dropped = before - self.inbox.len() + self.drop_unstarted(is_dropped);
        self.counts.stale += dropped as u64;
        if dropped > 0 {
            tracing::warn!(group = %self.parts.options.group, dropped, "Leases were lost before handlers started: the deliveries come again");
        }
    }

    /// Whether a delivery is still ours to begin with.
    pub(super) fn is_held(&self, entry: &Entry) -> bool {
        self.parts.sources[entry.source].settling.holds(&entry.delivery.token)
    }

    /// Hands back heads that go to another consumer, with what is behind them.
    pub(super) fn hand_back_lost_heads(&mut self) {
        let lost =
            |number: &&Number| self.entries.get(**number).is_some_and(|it| !self.is_held(it));
        let lost: Vec<_> = self.heads.iter().filter(lost).copied().collect();
        self.heads.retain(|number| !lost.contains(number));
        for number in lost {
            self.settle(number, Settle::Release);
        }
    }

    /// Drops entries that have not started, without a word to the broker; returns how many.
    pub(super) fn drop_unstarted(&mut self, which: impl Fn(&Entry) -> bool) -> usize {
        let dropped = self.unstarted(which);
        for number in &dropped {
            self.take_out(*number);
            if let Some(entry) = self.entries.remove(*number) {
                self.counts.bytes -= entry.delivery.message.size_bytes();
                if !entry.failed.is_empty() {
                    let origin = (entry.source, entry.delivery.position);
                    self.histories.keep(origin, entry.failed);
                }
            }
        }
        dropped.len()
    }

    /// Entries that have not started, the youngest first.
    fn unstarted(&self, which: impl Fn(&Entry) -> bool) -> Vec<Number> {
        let mut found: Vec<_> = (self.entries.iter())
            .filter(|(_, entry)| !is_started(entry) && which(entry))
            .map(|(number, entry)| (Reverse(entry.arrived), number))
            .collect();
        found.sort_unstable();
        found.into_iter().map(|(_, number)| number).collect()
    }

    /// Takes an entry that has not started out of its lane; the next one becomes the head.
    fn take_out(&mut self, number: Number) {
        let Some(entry) = self.entries.get(number) else {
            return;
        };
        let (lane, stage) = (entry.lane.clone(), entry.stage);
        let mut is_head = false;
        if let Stage::Held { until } = stage {
            self.held.remove(until, number);
            is_head = true;
        } else if let Some(at) = self.heads.iter().position(|head| *head == number) {
            self.heads.remove(at);
            is_head = true;
        }
        match lane {
            Some(key) if is_head => self.heads.extend(self.lanes.advance(&key)),
            Some(key) => self.lanes.remove(&key, number),
            None => {}
        }
    }
}

fn is_dropped(entry: &Entry) -> bool {
    is_lost(entry.lease.as_ref()) && !is_started(entry)
}

fn is_lost(lease: Option<&LeaseSlot>) -> bool {
    lease.is_some_and(LeaseSlot::is_lost)
}

fn is_started(entry: &Entry) -> bool {
    match entry.stage {
        Stage::Queued | Stage::Held { .. } => false,
        Stage::Judging | Stage::Running { .. } | Stage::Concluding | Stage::Following => true,
    }
}
