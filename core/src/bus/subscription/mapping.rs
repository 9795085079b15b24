//! How a message becomes an event: it is one, or it is of another program and a declaration says how.

use bytes::Bytes;

use super::declared::Declared;
use crate::error::Result;
use crate::event::CloudEvent;
use crate::name::TopicName;
use crate::transport::{Capabilities, Delivery};

/// How the messages of a subscription become events. What does not decode is a dead letter (T6).
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub enum Mapping {
    /// They are CloudEvents, binary or structured.
    #[default]
    CloudEvents,
    /// They are of other programs; this says what is what.
    Declared(Declared),
}

impl Mapping {
    /// The event that a delivery is, and the key of its lane.
    pub(crate) fn read(
        &self,
        topic: &TopicName,
        delivery: &Delivery,
    ) -> (Result<CloudEvent>, Option<Bytes>) {
        let event = match self {
            Self::CloudEvents => CloudEvent::from_message(&delivery.message),
            Self::Declared(declared) => declared.event(topic, delivery),
        };
        let lane = match (self, &event) {
            (Self::Declared(declared), Ok(event)) if declared.declares_key() => {
                event.partition_key().map(|key| Bytes::copy_from_slice(key.as_bytes()))
            }
            (Self::CloudEvents | Self::Declared(_), _) => delivery.message.key.clone(),
        };
        (event, lane)
    }

    /// The key whose messages run one after the other, as [`Mapping::read`] says it. The message is
    /// read only where that makes a difference.
    pub(crate) fn lane(&self, topic: &TopicName, delivery: &Delivery) -> Option<Bytes> {
        match self {
            Self::Declared(declared) if declared.declares_key() => self.read(topic, delivery).1,
            Self::CloudEvents | Self::Declared(_) => delivery.message.key.clone(),
        }
    }

    /// Refuses what cannot work, or not with this backend.
    pub(crate) fn check(&self, capabilities: &Capabilities) -> Result<()> {
        match self {
            Self::CloudEvents => Ok(()),
            Self::Declared(declared) => declared.check(capabilities),
        }
    }
}
