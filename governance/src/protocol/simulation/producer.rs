//! Events from outside: programs that publish on the broker or under the ledger, and the relay's
//! sends.

use std::collections::BTreeMap;
use std::sync::Arc;

use serde_json::json;
use wingman_core::event::{CloudEvent, extension};

use super::worker::Batch;
use super::world::World;
use crate::protocol::input::{Input, Published, Reply, Sent};
use crate::protocol::row::{OutboxRow, OutboxState};

const STREAMS: usize = 3;

/// What has been made and not published yet.
#[derive(Debug, Default)]
pub(super) struct Producer {
    made: u64,
    /// The last number of each stream.
    numbers: BTreeMap<usize, u64>,
    /// Numbers that are held back for a while, so that gaps open.
    held: Vec<CloudEvent>,
}

impl World {
    /// Makes an event and publishes it, or one that was held back.
    pub(super) fn produce(&mut self) {
        if !self.producer.held.is_empty() && self.random.chance(250) {
            let at = self.random.below(self.producer.held.len());
            let event = self.producer.held.swap_remove(at);
            return self.publish(event);
        }
        let event = self.make();
        if event.ty() == "Tick" && self.random.chance(200) {
            self.producer.held.push(event);
        } else {
            self.publish(event);
        }
    }

    pub(super) fn publish_held(&mut self) {
        for event in std::mem::take(&mut self.producer.held) {
            self.publish(event);
        }
    }

    fn make(&mut self) -> CloudEvent {
        self.producer.made += 1;
        let n = self.producer.made;
        let ty = *self
            .random
            .pick(&["Order", "Order", "Order", "Tick", "Tick", "Open", "Close", "Work", "Work"]);
        let account = self.random.below(6);
        let stream = self.random.below(STREAMS);
        let body = match ty {
            "Order" => json!({ "order": format!("o{n}"), "out": format!("o{n}") }),
            "Tick" => json!({ "stream": stream }),
            "Open" | "Close" => json!({ "account": account }),
            _ if self.random.chance(30) => json!({ "wrong": n }),
            _ => json!({ "job": n }),
        };
        let mut event = CloudEvent::new(format!("e{n}"), "/outside", ty)
            .expect("names without control characters")
            .with_json(body.to_string());
        let now = jiff::Timestamp::from_millisecond(self.now as i64).expect("a time within range");
        event.time = Some(now);
        let mut set = |name, value: String| {
            event.set_extension(name, value).expect("values without control characters");
        };
        if ty == "Tick" {
            let number = self.producer.numbers.entry(stream).or_default();
            if *number == 0 || !self.random.chance(100) {
                *number += 1;
            }
            set("sequence", number.to_string());
        }
        // Some accounts are opened and closed in one tree.
        if matches!(ty, "Open" | "Close") && self.random.chance(700) {
            set(extension::CORRELATION, format!("book-{}", n / 30));
        }
        if self.random.chance(600) {
            let key = if self.random.chance(500) { account } else { stream };
            set(extension::PARTITION_KEY, format!("k{key}"));
        }
        if self.random.chance(30) {
            let late = now + jiff::SignedDuration::from_millis(self.random.below(400) as i64);
            set(extension::EXPIRY, late.to_string());
        }
        event
    }

    fn publish(&mut self, event: CloudEvent) {
        let event = Arc::new(event);
        if self.random.chance(400) {
            let asked = Input::Publish { event: Arc::clone(&event) };
            let replies = self.transact(None, vec![asked]);
            let reply = replies.and_then(|mut it| it.pop()).flatten();
            if let Some(Reply::Published(Published::Recorded(_))) = reply {
                self.oracle.external(&event);
            }
            return;
        }
        self.oracle.external(&event);
        self.deliver(&event, 1);
    }

    /// Puts an event on the broker, sometimes twice.
    fn deliver(&mut self, event: &Arc<CloudEvent>, times: usize) {
        let payload = event.data.clone().unwrap_or_default();
        for _ in 0..times {
            let (ty, key) = (event.ty(), event.partition_key());
            let message = self.broker.publish(ty, key, Ok(Arc::clone(event)), payload.clone());
            self.oracle.on_broker(&message);
        }
    }

    /// The relay sends one row: confirmed, refused for good, heard by nobody, or nobody knows.
    pub(super) fn send(&mut self, at: usize, row: &OutboxRow) {
        let chain = (row.event_type.clone(), row.key.clone());
        let Some(Batch { blocked, reports, .. }) = &mut self.workers[at].relay else {
            return;
        };
        let is_new = row.state == OutboxState::Unpublished;
        if blocked.contains(&chain) && !self.sabotage.ignores_order() {
            if is_new {
                reports.push((row.sequence, Sent::NotYet));
            }
            return;
        }
        // The broker refuses a message at each attempt or at none.
        let refused = row.sequence % 97 == 13;
        if refused {
            reports.push((row.sequence, Sent::Undeliverable));
            return;
        }
        let luck = if self.calm { 99 } else { self.random.below(100) };
        if luck < 4 {
            blocked.insert(chain);
            return;
        }
        if luck < 8 {
            blocked.insert(chain);
        } else if luck < 12 && is_new {
            blocked.insert(chain);
            reports.push((row.sequence, Sent::NotYet));
            return;
        } else {
            reports.push((row.sequence, Sent::Published));
        }
        let event = CloudEvent::from_json(&row.message).map(Arc::new);
        let event = event.expect("the ledger keeps what it was given");
        self.oracle.relayed(row, &event);
        self.deliver(&event, 1);
    }
}
