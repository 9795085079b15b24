//! A broker in memory: every handler is a group; a key's messages go to one worker at a time and in
//! order; leases are lost, and copies come back.

use std::collections::{BTreeMap, VecDeque};
use std::rc::Rc;
use std::sync::Arc;

use bytes::Bytes;
use wingman_core::event::CloudEvent;
use wingman_core::message::Headers;

use super::random::Random;
use crate::protocol::input::Delivered;

/// A message as the broker keeps it.
#[derive(Debug)]
pub(super) struct Message {
    pub(super) position: u64,
    pub(super) topic: String,
    pub(super) key: Option<String>,
    pub(super) event: Result<Arc<CloudEvent>, String>,
    pub(super) payload: Bytes,
}

impl Message {
    /// The message as a worker receives it: every part of it is told apart.
    pub(super) fn delivered(&self) -> Delivered {
        let mut headers = Headers::builder();
        headers.push("place", self.position.to_string()).expect("a short header");
        let message = wingman_core::message::Message {
            key: self.key.clone().map(Bytes::from),
            headers: headers.build(),
            payload: self.payload.clone(),
        };
        Delivered { topic: self.topic.clone(), position: self.position.to_string(), message }
    }
}

/// A message handed to a worker; the ticket settles this very hand-over and no other.
#[derive(Debug, Clone)]
pub(super) struct Delivery {
    pub(super) handler: &'static str,
    pub(super) message: Rc<Message>,
    pub(super) ticket: u64,
}

impl Delivery {
    /// What holds its order: the key, or the message itself.
    pub(super) fn lane(&self) -> String {
        lane(&self.message)
    }
}

#[derive(Debug)]
struct Copied {
    message: Rc<Message>,
    held: Option<(usize, u64)>,
}

type LaneKey = (&'static str, String, String);

/// Topics, groups and what is in flight.
#[derive(Debug, Default)]
pub(super) struct Broker {
    groups: BTreeMap<String, Vec<&'static str>>,
    lanes: BTreeMap<LaneKey, VecDeque<Copied>>,
    positions: u64,
    tickets: u64,
}

impl Broker {
    /// Binds a group to a topic.
    pub(super) fn bind(&mut self, topic: &str, handler: &'static str) {
        self.groups.entry(topic.to_owned()).or_default().push(handler);
    }

    /// Takes a message for every group of its topic and returns it.
    pub(super) fn publish(
        &mut self,
        topic: &str,
        key: Option<&str>,
        event: Result<Arc<CloudEvent>, String>,
        payload: Bytes,
    ) -> Rc<Message> {
        self.positions += 1;
        let message = Rc::new(Message {
            position: self.positions,
            topic: topic.to_owned(),
            key: key.map(str::to_owned),
            event,
            payload,
        });
        for handler in self.groups.get(topic).into_iter().flatten() {
            Self::add(&mut self.lanes, handler, &message);
        }
        message
    }

    /// Brings an old message again.
    pub(super) fn duplicate(&mut self, delivery: &Delivery) {
        Self::add(&mut self.lanes, delivery.handler, &delivery.message);
    }

    fn add(
        lanes: &mut BTreeMap<LaneKey, VecDeque<Copied>>,
        handler: &'static str,
        message: &Rc<Message>,
    ) {
        let key = (handler, message.topic.clone(), lane(message));
        lanes.entry(key).or_default().push_back(Copied { message: Rc::clone(message), held: None });
    }

    /// The next message of some lane that no other worker holds.
    pub(super) fn receive(&mut self, worker: usize, random: &mut Random) -> Option<Delivery> {
        let count = self.lanes.len();
        if count == 0 {
            return None;
        }
        let start = random.below(count);
        let (tickets, lanes) = (&mut self.tickets, &mut self.lanes);
        let free = |(_, lane): &(&LaneKey, &mut VecDeque<Copied>)| {
            lane.iter().any(|it| it.held.is_none())
                && lane.iter().flat_map(|it| it.held).all(|(by, _)| by == worker)
        };
        let at = {
            let order = (start..count).chain(0..start);
            let free: Vec<bool> = lanes.iter_mut().map(|it| free(&it)).collect();
            order.into_iter().find(|at| free[*at])?
        };
        let (key, lane) = lanes.iter_mut().nth(at)?;
        let copied = lane.iter_mut().find(|it| it.held.is_none())?;
        *tickets += 1;
        copied.held = Some((worker, *tickets));
        Some(Delivery { handler: key.0, message: Rc::clone(&copied.message), ticket: *tickets })
    }

    /// Ends a hand-over; false if the broker had taken it back meanwhile.
    pub(super) fn settle(&mut self, delivery: &Delivery, ack: bool) -> bool {
        let message = &delivery.message;
        let key = (delivery.handler, message.topic.clone(), lane(message));
        let Some(lane) = self.lanes.get_mut(&key) else {
            return false;
        };
        let held = |it: &Copied| it.held.is_some_and(|(_, ticket)| ticket == delivery.ticket);
        let Some(at) = lane.iter().position(held) else {
            return false;
        };
        if ack {
            lane.remove(at);
            if lane.is_empty() {
                self.lanes.remove(&key);
            }
        } else {
            lane[at].held = None;
        }
        true
    }

    /// Takes back everything that a worker holds.
    pub(super) fn expire(&mut self, worker: usize) {
        for copied in self.lanes.values_mut().flatten() {
            copied.held.take_if(|(by, _)| *by == worker);
        }
    }

    pub(super) fn is_empty(&self) -> bool {
        self.lanes.is_empty()
    }

    pub(super) fn left(&self) -> Vec<String> {
        let text = |(key, lane): (&LaneKey, &VecDeque<Copied>)| {
            let held: Vec<_> = lane.iter().map(|it| (it.message.position, it.held)).collect();
            format!("{key:?}: {held:?}")
        };
        self.lanes.iter().map(text).collect()
    }
}

fn lane(message: &Message) -> String {
    match &message.key {
        Some(key) => key.clone(),
        None => format!("#{}", message.position),
    }
}
