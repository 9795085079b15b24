//! What a team declares of messages that are no CloudEvents: where type, source, id and key stand.

mod pointer;
#[cfg(test)]
mod tests;

use std::fmt;

use bytes::Bytes;
use serde::de::IgnoredAny;

use super::dead_letter::DeadLetter;
use crate::error::{Error, Kind, Result};
use crate::event::{CloudEvent, JSON, extension};
use crate::message::Message;
use crate::name::TopicName;
use crate::transport::{Capabilities, Delivery};

/// The header that names a payload's media type, on every broker.
const CONTENT_TYPE: &str = "content-type";

/// Where an attribute of an event stands.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Place {
    /// It is this text for every message.
    Fixed(String),
    /// In the first header of this name.
    Header(String),
    /// It is the message's key.
    Key,
    /// It is made of the topic and the broker's position: for ids.
    Position,
    /// In the JSON payload, at this pointer (RFC 6901): a text, a number with its digits as they are
    /// written, or true or false.
    Pointer(String),
}

/// How messages of other programs become events. Type and source are fixed, the id is made of the
/// position, and the partition key is the message's key where that is text, unless declared otherwise.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Declared {
    ty: Place,
    source: Place,
    id: Place,
    key: Option<Place>,
    /// The header that the payload stands in, if it does not stand where payloads do.
    payload: Option<String>,
    content: Content,
}

#[derive(Debug, Clone, PartialEq, Eq)]
enum Content {
    /// A payload that is none does not decode.
    Json,
    /// Passed as it is. The message's own `content-type` goes first.
    Bytes(String),
}

impl Declared {
    /// JSON documents of one type.
    pub fn json(ty: impl Into<String>, source: impl Into<String>) -> Self {
        Self {
            ty: Place::Fixed(ty.into()),
            source: Place::Fixed(source.into()),
            id: Place::Position,
            key: None,
            payload: None,
            content: Content::Json,
        }
    }

    /// Payloads that pass as they are (Avro, Protobuf, text), of one type and with this media type
    /// where a message has no header `content-type`.
    pub fn bytes(
        ty: impl Into<String>,
        source: impl Into<String>,
        content_type: impl Into<String>,
    ) -> Self {
        Self { content: Content::Bytes(content_type.into()), ..Self::json(ty, source) }
    }

    /// Where the type stands.
    #[must_use]
    pub fn ty(mut self, place: Place) -> Self {
        self.ty = place;
        self
    }

    /// Where the source stands.
    #[must_use]
    pub fn source(mut self, place: Place) -> Self {
        self.source = place;
        self
    }

    /// Where the id stands. Messages of one source and id are one event.
    #[must_use]
    pub fn id(mut self, place: Place) -> Self {
        self.id = place;
        self
    }

    /// Where the key stands whose events run one after the other.
    #[must_use]
    pub fn key(mut self, place: Place) -> Self {
        self.key = Some(place);
        self
    }

    /// The header that the payload stands in: Redis entries may have it in any field.
    #[must_use]
    pub fn payload_in(mut self, header: impl Into<String>) -> Self {
        self.payload = Some(header.into());
        self
    }

    /// The one type that every event gets; `None` if messages say it.
    pub fn only_type(&self) -> Option<&str> {
        match &self.ty {
            Place::Fixed(ty) => Some(ty),
            Place::Header(_) | Place::Key | Place::Position | Place::Pointer(_) => None,
        }
    }

    pub(super) const fn declares_key(&self) -> bool {
        self.key.is_some()
    }

    /// The event that a delivery is by this declaration.
    ///
    /// # Errors
    /// [`Kind::Malformed`] names the attribute that is missing and where it was looked for, or says
    /// that the payload is not JSON.
    pub fn event(&self, topic: &TopicName, delivery: &Delivery) -> Result<CloudEvent> {
        let reading = Reading { message: &delivery.message, topic, delivery };
        reading
            .event(self)
            .map_err(|error| error.with("topic", topic).with("position", delivery.position))
    }

    pub(super) fn check(&self, capabilities: &Capabilities) -> Result<()> {
        let wrong = |why| Err(Error::new(Kind::Configuration, why));
        for (attribute, place) in self.places() {
            match place {
                Place::Pointer(_) if self.content != Content::Json => {
                    return wrong(
                        "a JSON pointer needs JSON: take a header, the key or the position",
                    )
                    .map_err(|error| error.with("attribute", attribute));
                }
                Place::Pointer(pointer) if !pointer.is_empty() && !pointer.starts_with('/') => {
                    return wrong("a JSON pointer begins with a slash: /order/id").map_err(
                        |error| error.with("attribute", attribute).with("pointer", pointer),
                    );
                }
                Place::Fixed(_)
                | Place::Header(_)
                | Place::Key
                | Place::Position
                | Place::Pointer(_) => {}
            }
        }
        match &self.id {
            Place::Fixed(_) => wrong("with a fixed id all messages are one event: say where it stands"),
            Place::Position if !capabilities.stable_position.is_supported() => Err(Error::new(
                Kind::Unsupported,
                "this broker gives messages no position that stays: say where the id stands, by \
                 .id(Place::Header(\"amqp:message-id\".into())) or .id(Place::Pointer(\"/id\".into()))",
            )
            .with("backend", capabilities.backend)),
            Place::Header(_) | Place::Key | Place::Position | Place::Pointer(_) => Ok(()),
        }
    }

    fn places(&self) -> impl Iterator<Item = (&'static str, &Place)> {
        let all = [("type", &self.ty), ("source", &self.source), ("id", &self.id)];
        all.into_iter().chain(self.key.iter().map(|key| ("key", key)))
    }
}

/// One message, while its attributes are looked for.
struct Reading<'a> {
    message: &'a Message,
    topic: &'a TopicName,
    delivery: &'a Delivery,
}

impl<'a> Reading<'a> {
    fn event(&self, declared: &Declared) -> Result<CloudEvent> {
        let payload = self.payload(declared.payload.as_deref())?;
        match &declared.content {
            Content::Json => {
                serde_json::from_slice::<IgnoredAny>(&payload).map_err(not_json)?;
            }
            Content::Bytes(_) => {}
        }
        let find = |attribute, place| self.find(attribute, place, &payload);
        let mut event = CloudEvent::new(
            find("id", &declared.id)?,
            find("source", &declared.source)?,
            find("type", &declared.ty)?,
        )?;
        event.data_content_type = Some(match &declared.content {
            Content::Json => JSON.to_owned(),
            Content::Bytes(otherwise) => {
                let own = self.message.headers.get_str(CONTENT_TYPE);
                own.unwrap_or(otherwise).to_owned()
            }
        });
        let key = match &declared.key {
            Some(place) => Some(find("key", place)?),
            // Nobody declared it: one that is no clean text (a number's bytes) makes lanes as it is.
            None => self.key().filter(|key| !key.contains(char::is_control)).map(str::to_owned),
        };
        if let Some(key) = key {
            event.set_extension(extension::PARTITION_KEY, key)?;
        }
        event.data = Some(payload);
        Ok(event)
    }

    fn payload(&self, header: Option<&str>) -> Result<Bytes> {
        let Some(name) = header else {
            return Ok(self.message.payload.clone());
        };
        let found = self.message.headers.get(name).map(Bytes::copy_from_slice);
        found.ok_or_else(|| {
            let why = "the message lacks the header that its payload is declared to be in";
            Error::new(Kind::Malformed, why).with("header", name)
        })
    }

    fn find(&self, attribute: &'static str, place: &Place, payload: &[u8]) -> Result<String> {
        let found = match place {
            Place::Fixed(text) => Some(text.clone()),
            Place::Header(name) => self.message.headers.get_str(name).map(str::to_owned),
            Place::Key => self.key().map(str::to_owned),
            Place::Position => Some(self.position()?),
            Place::Pointer(pointer) => pointer::text(payload, pointer).map_err(not_json)?,
        };
        found.filter(|text| !text.is_empty()).ok_or_else(|| {
            let why = "the message lacks an attribute that is declared";
            Error::new(Kind::Malformed, why).with("attribute", attribute).with("place", place)
        })
    }

    fn key(&self) -> Option<&'a str> {
        self.message.key.as_deref().and_then(|key| std::str::from_utf8(key).ok())
    }

    /// A dead letter that was sent back keeps the identity of the original.
    fn position(&self) -> Result<String> {
        Ok(match DeadLetter::from_message(self.message)? {
            Some(letter) => format!("{}/{}", letter.topic, letter.position),
            None => format!("{}/{}", self.topic, self.delivery.position),
        })
    }
}

fn not_json(error: serde_json::Error) -> Error {
    Error::new(Kind::Malformed, "the payload is not JSON").because(error)
}

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Fixed(text) => write!(f, "always {text:?}"),
            Self::Header(name) => write!(f, "header {name}"),
            Self::Key => f.write_str("the key, as text"),
            Self::Position => f.write_str("the position"),
            Self::Pointer(pointer) => write!(f, "pointer {pointer}"),
        }
    }
}
