//! After a reconnect: the broker hands over again what we still hold, and our old tokens settle
//! nothing any more.

use super::{Arrival, Dispatch};
use crate::bus::subscription::entries::Entry;
use crate::transport::{AckToken, Generation};

/// The last generation of each of a topic's partitions, shards or channels.
#[derive(Debug, Default)]
pub(crate) struct Generations(Vec<(u32, Generation)>);

impl Generations {
    /// Notes the generation of a delivery; true if it is another than the last one of its lane.
    fn has_changed(&mut self, token: &AckToken) -> bool {
        match self.0.iter_mut().find(|(lane, _)| *lane == token.lane) {
            Some((_, last)) => std::mem::replace(last, token.generation) != token.generation,
            None => {
                self.0.push((token.lane, token.generation));
                false
            }
        }
    }

    fn is_last(&self, token: &AckToken) -> bool {
        self.0.contains(&(token.lane, token.generation))
    }
}

impl Dispatch {
    /// Lets a delivery take the place of an older hand-over of the same message whose handler is
    /// at work: its outcome then settles this one. Gives the delivery back if it is none.
    ///
    /// What an older connection handed over and has not started is dropped: it comes again.
    pub(super) fn regain(&mut self, arrival: Arrival) -> Option<Arrival> {
        let generations = &mut self.parts.sources[arrival.source].generations;
        if generations.has_changed(&arrival.delivery.token) {
            let dropped = self.drop_unstarted(|entry| is_older(entry, &arrival));
            self.counts.stale += dropped as u64;
            self.regaining = true;
        }
        if !self.regaining {
            return Some(arrival);
        }
        let position = arrival.delivery.position;
        let same = self
            .entries
            .iter()
            .find(|(_, entry)| is_older(entry, &arrival) && entry.delivery.position == position);
        let same = same.map(|(number, _)| number);
        let left = match same.and_then(|number| self.entries.get_mut(number)) {
            Some(entry) => {
                entry.delivery.token = arrival.delivery.token;
                entry.lease = arrival.lease;
                None
            }
            None => Some(arrival),
        };
        let sources = &self.parts.sources;
        let is_last =
            |entry: &Entry| sources[entry.source].generations.is_last(&entry.delivery.token);
        self.regaining = !self.entries.iter().all(|(_, entry)| is_last(entry));
        left
    }
}

/// Whether an entry is of an earlier connection of the arrival's partition, shard or channel.
fn is_older(entry: &Entry, arrival: &Arrival) -> bool {
    let (old, new) = (&entry.delivery.token, &arrival.delivery.token);
    entry.source == arrival.source && old.lane == new.lane && old.generation != new.generation
}
