//! Handlers that would share one group's messages: each would see a part of them, without a word.

use std::sync::Arc;

use super::SubscriptionOptions;
use super::subscription::Control;
use crate::error::{Error, Kind, Result};
use crate::name::{GroupName, TopicName};
use crate::transport::Capabilities;

/// Who takes what: a handler, or a group where no handler is known.
pub(super) struct Taker<'a> {
    pub(super) name: &'a str,
    pub(super) topics: &'a [TopicName],
    pub(super) group: &'a GroupName,
}

impl<'a> Taker<'a> {
    /// Of a handler, or of a group whose handler has no name.
    pub(super) fn new(name: &'a str, options: &'a SubscriptionOptions) -> Self {
        Self { name, topics: &options.topics, group: &options.group }
    }

    /// Of what was subscribed already: its group stands for its handler.
    pub(super) fn running(control: &'a Control) -> Self {
        Self { name: control.group.as_str(), topics: &control.topics, group: &control.group }
    }

    /// Refuses two handlers of one group of a topic; the group of a team's queue is the queue itself,
    /// where the broker has no others of it.
    ///
    /// # Errors
    /// `Configuration` names both, what they share, and what to do.
    pub(super) fn apart_from(&self, other: &Taker<'_>, capabilities: &Capabilities) -> Result<()> {
        let of_both = |topic: &&TopicName| other.topics.contains(*topic);
        let is_one_group =
            |topic: &&TopicName| self.group == other.group || is_group_itself(topic, capabilities);
        match self.topics.iter().filter(of_both).find(is_one_group) {
            None => Ok(()),
            Some(topic) => Err(shared(self.name, other.name, topic, capabilities)),
        }
    }

    /// As [`Taker::apart_from`], of what runs already: a second member of the same group is a replica,
    /// and meant.
    pub(super) fn apart_from_running(
        &self,
        running: &[Arc<Control>],
        capabilities: &Capabilities,
    ) -> Result<()> {
        let mut others =
            running.iter().filter(|it| it.group != *self.group && !it.signals.is_leaving());
        others.try_for_each(|it| self.apart_from(&Taker::running(it), capabilities))
    }
}

fn is_group_itself(topic: &TopicName, capabilities: &Capabilities) -> bool {
    topic.is_existing() && !capabilities.groups_of_existing.is_supported()
}

fn shared(handler: &str, other: &str, topic: &TopicName, capabilities: &Capabilities) -> Error {
    let why = if is_group_itself(topic, capabilities) {
        "two handlers take from one queue, and each would get a part of the messages: use one handler, \
         or give each a queue, or a subscription, of its own"
    } else {
        "two handlers take from one group of one topic, and each would get a part of the messages: give \
         each a group of its own"
    };
    let error = Error::new(Kind::Configuration, why).with("handler", handler).with("other", other);
    error.with("topic", topic)
}
