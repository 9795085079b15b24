//! The broker behind memory transports: topics under one lock, and its running state.

use std::collections::BTreeMap;
use std::sync::{Mutex, MutexGuard, PoisonError};

use super::group::Group;
use super::log::{Budget, Log};
use super::settings::MemoryLimits;
use crate::clock::Clock;
use crate::error::{Error, Kind, Result};
use crate::message::Message;
use crate::name::{GroupName, TopicName};
use crate::transport::{Confirmed, Created, Position, Receipt, StartPosition};

/// What connections share.
#[derive(Debug)]
pub(super) struct Broker {
    pub(super) clock: Clock,
    pub(super) limits: MemoryLimits,
    state: Mutex<State>,
}

impl Broker {
    pub(super) fn new(clock: Clock, limits: MemoryLimits) -> Self {
        Self {
            clock,
            limits,
            state: Mutex::new(State {
                running: true,
                topics: BTreeMap::new(),
                budget: Budget::new(limits.store_bytes_max),
                last_sequence: 0,
                last_id: 0,
            }),
        }
    }

    /// The state, running or not.
    pub(super) fn state(&self) -> MutexGuard<'_, State> {
        // Nothing panics half-way through a change, so a poisoned state is still whole.
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Cuts all consumers off and refuses everything until it is started again.
    pub(super) fn stop(&self) {
        let now = self.clock.now();
        let mut state = self.state();
        state.running = false;
        state.groups().for_each(|group| group.cut(now));
    }

    pub(super) fn start(&self) {
        self.state().running = true;
    }

    /// Ends all consumers of a connection.
    pub(super) fn disconnect(&self, connection: u64) {
        let now = self.clock.now();
        let mut state = self.state();
        state.groups().for_each(|group| group.leave(now, |_, of| of == connection));
    }
}

#[derive(Debug)]
pub(super) struct State {
    running: bool,
    /// By name: a topic of ours and a team's are one here.
    topics: BTreeMap<String, Topic>,
    budget: Budget,
    /// The number of the last hand-over, which no token repeats.
    pub(super) last_sequence: u64,
    last_id: u64,
}

#[derive(Debug, Default)]
pub(super) struct Topic {
    pub(super) log: Log,
    pub(super) groups: BTreeMap<GroupName, Group>,
}

impl State {
    pub(super) fn is_running(&self) -> bool {
        self.running
    }

    /// A number for a connection or consumer.
    pub(super) fn next_id(&mut self) -> u64 {
        self.last_id += 1;
        self.last_id
    }

    pub(super) fn create_topic(&mut self, name: &TopicName) -> Created {
        if self.topics.contains_key(name.as_str()) {
            return Created::Existed;
        }
        self.topics.insert(name.as_str().to_owned(), Topic::default());
        Created::Created
    }

    pub(super) fn create_group(
        &mut self,
        topic: &TopicName,
        name: &GroupName,
        start: StartPosition,
    ) -> Result<Created> {
        let topic = self.topic(topic)?;
        if topic.groups.contains_key(name) {
            return Ok(Created::Existed);
        }
        let cursor = match start {
            StartPosition::Earliest => {
                topic.log.retain_all();
                0
            }
            StartPosition::Latest => topic.log.end(),
        };
        topic.groups.insert(name.clone(), Group::new(cursor));
        Ok(Created::Created)
    }

    pub(super) fn delete_topic(&mut self, name: &TopicName) -> bool {
        let Some(mut topic) = self.topics.remove(name.as_str()) else {
            return false;
        };
        topic.log.clear(&mut self.budget);
        topic.groups.values().for_each(|group| group.wake());
        true
    }

    pub(super) fn delete_group(
        &mut self,
        topic: &TopicName,
        name: &GroupName,
        limits: &MemoryLimits,
    ) -> bool {
        let Some(topic) = self.topics.get_mut(topic.as_str()) else {
            return false;
        };
        let Some(group) = topic.groups.remove(name) else {
            return false;
        };
        for offset in group.needs(&topic.log) {
            topic.log.release(offset);
        }
        topic.log.trim(limits.history_bytes_max, &mut self.budget);
        group.wake();
        true
    }

    pub(super) fn find_topic(&self, name: &TopicName) -> Option<&Topic> {
        self.topics.get(name.as_str())
    }

    pub(super) fn topic(&mut self, name: &TopicName) -> Result<&mut Topic> {
        let missing = || missing("topic", name.as_str());
        self.topics.get_mut(name.as_str()).ok_or_else(missing)
    }

    /// The log of a topic, a group of it, and the number of the last hand-over.
    pub(super) fn group(
        &mut self,
        topic: &TopicName,
        name: &GroupName,
    ) -> Result<(&mut Log, &mut Group, &mut u64)> {
        let of = self.topics.get_mut(topic.as_str());
        let of = of.ok_or_else(|| missing("topic", topic.as_str()))?;
        let group = of
            .groups
            .get_mut(name)
            .ok_or_else(|| missing("group", name.as_str()).with("of topic", topic))?;
        Ok((&mut of.log, group, &mut self.last_sequence))
    }

    /// Stores messages in order. After the first that finds no room the rest is refused as well,
    /// so that trying again keeps the order.
    pub(super) fn publish(
        &mut self,
        topic: &TopicName,
        batch: &[Message],
        limits: &MemoryLimits,
    ) -> Result<Vec<Result<Receipt>>> {
        self.topic(topic)?;
        let mut full = false;
        let mut results = Vec::with_capacity(batch.len());
        for message in batch {
            if message.payload.len() > limits.payload_bytes_max {
                results.push(Err(Error::new(Kind::Oversize, "the payload is too large")
                    .with("bytes", message.payload.len())
                    .with("bytes_max", limits.payload_bytes_max)));
                continue;
            }
            full = full || !self.make_room_for(message);
            results.push(if full {
                Err(Error::new(Kind::Overloaded, "the memory broker is full")
                    .with("bytes_max", limits.store_bytes_max))
            } else {
                self.append(topic, message.clone(), limits)
            });
        }
        if let Some(topic) = self.topics.get(topic.as_str()) {
            topic.groups.values().for_each(|group| group.wake());
        }
        Ok(results)
    }

    /// One group does not need these messages any more.
    pub(super) fn release(&mut self, topic: &TopicName, offsets: &[u64], limits: &MemoryLimits) {
        if let Some(topic) = self.topics.get_mut(topic.as_str()) {
            offsets.iter().for_each(|offset| topic.log.release(*offset));
            topic.log.trim(limits.history_bytes_max, &mut self.budget);
        }
    }

    fn append(
        &mut self,
        topic: &TopicName,
        message: Message,
        limits: &MemoryLimits,
    ) -> Result<Receipt> {
        let found = self.topics.get_mut(topic.as_str());
        let topic = found.ok_or_else(|| missing("topic", topic.as_str()))?;
        let groups = topic.groups.len();
        let offset = topic.log.append(message, groups, &mut self.budget);
        topic.log.trim(limits.history_bytes_max, &mut self.budget);
        Ok(Receipt {
            position: Some(Position { lane: 0, major: offset, minor: 0 }),
            confirmed: if groups == 0 { Confirmed::NoGroup } else { Confirmed::Stored },
        })
    }

    /// Forgets history, of any topic, where a message needs the room; false if it still has none.
    fn make_room_for(&mut self, message: &Message) -> bool {
        for topic in self.topics.values_mut() {
            while !self.budget.has_room_for(message) && topic.log.forget_oldest(&mut self.budget) {}
        }
        self.budget.has_room_for(message)
    }

    fn groups(&mut self) -> impl Iterator<Item = &mut Group> {
        self.topics.values_mut().flat_map(|topic| topic.groups.values_mut())
    }
}

fn missing(what: &'static str, name: &str) -> Error {
    Error::new(Kind::NotFound, format!("there is no such {what}")).with(what, name)
}
