//! How a message becomes an event: it is one, or it is plain JSON on a queue that was there first.

use serde::de::IgnoredAny;

use super::dead_letter::DeadLetter;
use crate::error::{Error, Kind, Result};
use crate::event::{CloudEvent, extension};
use crate::name::TopicName;
use crate::transport::Delivery;

/// How the messages of a subscription become events. What does not decode is a dead letter (T6).
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub enum Mapping {
    /// They are CloudEvents, binary or structured.
    #[default]
    CloudEvents,
    /// They are JSON documents of one type. The id is made of topic and position, the partition
    /// key is the message's key where that is text.
    Json {
        /// The CloudEvents `type` that they get.
        ty: String,
        /// The CloudEvents `source` that they get.
        source: String,
    },
}

impl Mapping {
    pub(crate) fn decode(&self, topic: &TopicName, delivery: &Delivery) -> Result<CloudEvent> {
        match self {
            Self::CloudEvents => CloudEvent::from_message(&delivery.message),
            Self::Json { ty, source } => json(ty, source, topic, delivery),
        }
    }
}

fn json(ty: &str, source: &str, topic: &TopicName, delivery: &Delivery) -> Result<CloudEvent> {
    let message = &delivery.message;
    serde_json::from_slice::<IgnoredAny>(&message.payload).map_err(|error| {
        Error::new(Kind::Malformed, "the payload is not JSON")
            .with("topic", topic)
            .with("position", delivery.position)
            .because(error)
    })?;
    // A dead letter that was sent back keeps the identity of the original.
    let id = match DeadLetter::from_message(message)? {
        Some(letter) => format!("{}/{}", letter.topic, letter.position),
        None => format!("{topic}/{}", delivery.position),
    };
    let mut event = CloudEvent::new(id, source, ty)?.with_json(message.payload.clone());
    if let Some(key) = message.key.as_deref().and_then(|key| std::str::from_utf8(key).ok()) {
        event.set_extension(extension::PARTITION_KEY, key)?;
    }
    Ok(event)
}
