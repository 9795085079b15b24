//! From the pumps into the lanes, as far as there is room (T4).

use std::sync::Arc;
use std::task::Context;

use bytes::Bytes;

use super::gated::Gated;
use super::{Arrival, Dispatch};
use crate::bus::SubscriptionOptions;
use crate::bus::subscription::entries::{Entry, Number, Stage};
use crate::bus::subscription::settling::Settlement;
use crate::pump::Pumped;
use crate::transport::Settle;

impl Dispatch {
    /// Whether handlers may start.
    pub(super) fn accepts_work(&self) -> bool {
        self.leaving.is_none() && !self.parts.signals.is_paused()
    }

    /// Whether a pump's batch would be taken. While leaving, it is handed back at once.
    pub(super) fn wants_more(&self) -> bool {
        self.leaving.is_some() || (self.inbox.is_empty() && self.has_room())
    }

    fn has_room(&self) -> bool {
        self.accepts_work()
            && self.entries.len() + self.counts.settling < self.parts.options.in_flight_max.get()
            && self.counts.bytes < self.parts.options.in_flight_bytes_max
    }

    /// What signals ask for; true if something changed.
    pub(super) fn heed(&mut self) -> bool {
        let mut heeded = false;
        if self.parts.signals.take_lost() {
            self.drop_lost();
            heeded = true;
        }
        if let Some(grace) = self.parts.signals.take_drain() {
            self.leave(grace, None);
            heeded = true;
        }
        heeded | (self.state() != self.parts.status.borrow().state)
    }

    pub(super) fn on_pumped(&mut self, source: usize, pumped: Pumped) {
        match pumped {
            Pumped::Opened(subscriber) => self.parts.sources[source].settling.opened(subscriber),
            Pumped::Batch(deliveries, leases) => {
                let mut leases = leases.iter().flat_map(|batch| batch.slots());
                self.inbox.extend(deliveries.into_iter().map(|delivery| Arrival {
                    source,
                    delivery,
                    lease: leases.next(),
                }));
                if self.gated.as_ref().is_some_and(Gated::is_closed) {
                    self.forget_inbox();
                } else if self.leaving.is_some() {
                    self.hand_back_inbox(|_, _| true);
                }
            }
            Pumped::Failed(error) => {
                let topic = &self.parts.options.topics[source];
                tracing::error!(%topic, group = %self.parts.options.group, %error, "The subscription ends: trying again cannot help");
                self.leave(self.parts.options.drain_grace, Some(error));
            }
        }
    }

    /// Moves arrivals into their lanes while there is room; true if any moved.
    pub(super) fn admit(&mut self, cx: &mut Context<'_>) -> bool {
        let mut moved = false;
        while self.has_room()
            && let Some(arrival) = self.inbox.pop_front()
        {
            self.taken += 1;
            moved = true;
            let Some(arrival) = self.regain(arrival) else {
                continue;
            };
            let (number, lane) = self.enter(arrival);
            if lane.is_none_or(|key| self.lanes.arrive(&key, number)) {
                self.heads.push_back(number);
            }
            self.take_up(cx);
        }
        moved
    }

    fn enter(&mut self, arrival: Arrival) -> (Number, Option<Bytes>) {
        let Arrival { source, delivery, lease } = arrival;
        let options = &self.parts.options;
        let (event, key) = options.mapping.read(&options.topics[source], &delivery);
        let lane = key.filter(|_| options.ordered);
        self.counts.bytes += delivery.message.size_bytes();
        self.arrived += 1;
        let number = self.entries.insert(Entry {
            source,
            arrived: self.arrived,
            event: event.map(Arc::new).map_err(Arc::new),
            lane: lane.clone(),
            lease,
            failed: self.histories.take((source, delivery.position)),
            stage: Stage::Queued,
            delivery,
        });
        (number, lane)
    }

    /// Takes up heads that are waiting for it; true if any was. With a gate, the turn does.
    pub(super) fn take_up(&mut self, cx: &mut Context<'_>) -> bool {
        if self.gated.is_some() {
            return false;
        }
        let mut moved = false;
        while self.accepts_work()
            && let Some(number) = self.heads.pop_front()
        {
            self.start(number, cx);
            moved = true;
        }
        moved
    }

    /// Takes what the pumps have brought, room or not: it is about to be handed back.
    pub(super) fn take_pumped(&mut self) {
        for source in 0..self.parts.sources.len() {
            while let Ok(pumped) = self.parts.sources[source].pumped.try_recv() {
                self.on_pumped(source, pumped);
            }
        }
    }

    /// Hands back everything of a key behind its head, the youngest first.
    pub(super) fn hand_back_behind(&mut self, key: &Bytes) {
        self.take_pumped();
        self.hand_back_inbox(|options, arrival| arrival.lane(options).as_ref() == Some(key));
        for number in self.lanes.behind(key) {
            self.send(number, Settle::Release);
        }
    }

    /// Hands back arrivals, the youngest first; they are asked about in order.
    pub(super) fn hand_back_inbox(
        &mut self,
        mut which: impl FnMut(&SubscriptionOptions, &Arrival) -> bool,
    ) {
        let options = &self.parts.options;
        let (mut back, kept) =
            self.inbox.drain(..).partition::<Vec<_>, _>(|arrival| which(options, arrival));
        self.inbox.extend(kept);
        self.taken += back.len();
        while let Some(Arrival { source, delivery, lease }) = back.pop() {
            let bytes = delivery.message.size_bytes();
            self.counts.bytes += bytes;
            self.counts.settling += 1;
            self.parts.sources[source].settling.push(Settlement {
                token: delivery.token,
                settle: Settle::Release,
                lease,
                bytes,
                attempts: 0,
            });
        }
    }
}
