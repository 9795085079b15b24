//! The deliveries that a subscription holds, from broker receipt to settlement.

use std::sync::Arc;

use bytes::Bytes;

use super::dead_letter::FailedAttempt;
use super::leases::LeaseSlot;
use crate::clock::Timestamp;
use crate::error::Error;
use crate::event::CloudEvent;
use crate::transport::Delivery;

/// Names an entry: a slot, and how often it was used, so that a late answer for an earlier entry
/// of the slot names nothing.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) struct Number(u64);

impl Number {
    const fn new(slot: u32, used: u32) -> Self {
        Self((used as u64) << 32 | slot as u64)
    }

    pub(crate) const fn as_u64(self) -> u64 {
        self.0
    }

    pub(crate) const fn from_u64(number: u64) -> Self {
        Self(number)
    }

    const fn slot(self) -> usize {
        (self.0 & 0xffff_ffff) as usize
    }

    const fn used(self) -> u32 {
        (self.0 >> 32) as u32
    }

    #[cfg(test)]
    pub(crate) const fn first_of_slot(slot: u32) -> Self {
        Self::new(slot, 0)
    }
}

/// One delivery that is in the lanes.
#[derive(Debug)]
pub(crate) struct Entry {
    /// Which topic's pump brought it.
    pub(crate) source: usize,
    /// Its place in the order of arrival, over all sources.
    pub(crate) arrived: u64,
    pub(crate) delivery: Delivery,
    pub(crate) event: Result<Arc<CloudEvent>, Arc<Error>>,
    /// The key of its lane; `None` if it is alone in its lane.
    pub(crate) lane: Option<Bytes>,
    pub(crate) lease: Option<LeaseSlot>,
    /// Attempts that failed, as far as this process knows.
    pub(crate) failed: Vec<FailedAttempt>,
    pub(crate) stage: Stage,
}

impl Entry {
    /// Copies what it holds, so that it shares no memory with its driver's buffers.
    pub(crate) fn detach(&mut self) {
        self.delivery.message = self.delivery.message.detached();
        if let Ok(event) = &mut self.event {
            let data = event.data.as_deref().map(Bytes::copy_from_slice);
            Arc::make_mut(event).data = data;
        }
    }
}

/// Where an entry is between its lane and its settlement.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Stage {
    /// Behind the head of its lane, or a head that nobody has taken up yet.
    Queued,
    /// A head that the gate judges.
    Judging,
    /// The handler works on this attempt.
    Running { attempt: u32 },
    /// The gate records how its run ended.
    Concluding,
    /// A head that waits.
    Held { until: Timestamp },
    /// Its outputs, or its dead letter, are being published.
    Following,
}

/// A slab of entries.
#[derive(Debug, Default)]
pub(crate) struct Entries {
    slots: Vec<Slot>,
    free: Vec<u32>,
}

#[derive(Debug, Default)]
struct Slot {
    used: u32,
    entry: Option<Entry>,
}

impl Entries {
    pub(crate) fn insert(&mut self, entry: Entry) -> Number {
        let slot = self.free.pop().unwrap_or_else(|| {
            self.slots.push(Slot::default());
            // As many slots as may be in flight at once.
            (self.slots.len() - 1) as u32
        });
        let place = &mut self.slots[slot as usize];
        place.entry = Some(entry);
        Number::new(slot, place.used)
    }

    pub(crate) fn get(&self, number: Number) -> Option<&Entry> {
        let slot = self.slots.get(number.slot())?;
        slot.entry.as_ref().filter(|_| slot.used == number.used())
    }

    pub(crate) fn get_mut(&mut self, number: Number) -> Option<&mut Entry> {
        let slot = self.slots.get_mut(number.slot())?;
        slot.entry.as_mut().filter(|_| slot.used == number.used())
    }

    pub(crate) fn remove(&mut self, number: Number) -> Option<Entry> {
        let slot = self.slots.get_mut(number.slot())?;
        if slot.used != number.used() {
            return None;
        }
        let entry = slot.entry.take()?;
        slot.used = slot.used.wrapping_add(1);
        self.free.push(number.slot() as u32);
        Some(entry)
    }

    pub(crate) fn len(&self) -> usize {
        self.slots.len() - self.free.len()
    }

    pub(crate) fn iter(&self) -> impl Iterator<Item = (Number, &Entry)> {
        self.slots.iter().enumerate().filter_map(|(index, slot)| {
            let number = Number::new(index as u32, slot.used);
            slot.entry.as_ref().map(|entry| (number, entry))
        })
    }
}
