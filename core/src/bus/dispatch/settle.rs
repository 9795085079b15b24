//! The end of deliveries, as far as the broker is told.

use std::sync::Arc;

use super::Dispatch;
use crate::bus::subscription::entries::Number;
use crate::bus::subscription::settling::{Settled, Settlement};
use crate::error::{Error, Kind};
use crate::transport::Settle;

impl Dispatch {
    /// Ends an entry. Handing back the head of a lane hands back all behind it first, tail first.
    pub(super) fn settle(&mut self, number: Number, settle: Settle) {
        let Some(entry) = self.entries.get_mut(number) else {
            return;
        };
        if let Some(key) = entry.lane.clone() {
            match settle {
                Settle::Release | Settle::Retry { .. } => self.hand_back_behind(&key),
                Settle::Ack => {}
            }
            self.heads.extend(self.lanes.advance(&key));
        }
        self.send(number, settle);
    }

    /// Sends the settlement of an entry that has left its lane.
    pub(super) fn send(&mut self, number: Number, settle: Settle) {
        let Some(entry) = self.entries.remove(number) else {
            return;
        };
        self.counts.settling += 1;
        self.parts.sources[entry.source].settling.push(Settlement {
            bytes: entry.delivery.message.size_bytes(),
            token: entry.delivery.token,
            settle,
            lease: entry.lease,
            attempts: 0,
        });
    }

    pub(super) fn settled(&mut self, settled: Settled) {
        for (settlement, result) in settled.ended {
            self.counts.settling -= 1;
            self.counts.bytes -= settlement.bytes;
            drop(settlement.lease);
            match (result, settlement.settle) {
                (Ok(()), Settle::Ack) => self.counts.acked += 1,
                (Ok(()), Settle::Release) => self.counts.released += 1,
                (Ok(()), Settle::Retry { .. }) => {}
                (Err(error), _) if error.kind() == Kind::StaleLease => self.counts.stale += 1,
                (Err(error), _) => {
                    self.counts.unsettled += 1;
                    self.fail(error);
                }
            }
        }
    }

    /// Reports an error that does not end the subscription.
    fn fail(&mut self, error: Error) {
        tracing::warn!(group = %self.parts.options.group, %error, "A delivery was not settled and comes again");
        self.last_error = Some(Arc::new(error));
    }
}
