//! A message as body and attributes, which both are text, and back. Pure.
//!
//! A CloudEvent is the structured JSON of its format. Any other payload is the body itself where text
//! carries it, else base64. The attribute `wingman` says which, and holds key and headers that are
//! nowhere else, so that every message survives and no message has more than four attributes: a
//! subscription that is raw silently drops one with more than ten.

mod envelope;
mod fifo;
mod packed;
#[cfg(test)]
mod tests;
mod text;

use std::collections::BTreeMap;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD as BASE64;
use bytes::Bytes;
use wingman_core::event::CloudEvent;
use wingman_core::message::{Headers, Message};
use wingman_core::{Error, Kind, Result};

pub(crate) use self::envelope::unwrap;
pub(crate) use self::fifo::{fresh_id, group_of, hex};
use self::packed::{Body, Packed, Value};
use self::text::is_plain;

/// The attribute that says how a message was written.
const PACKED: &str = "wingman";
const CONTENT_TYPE: &str = "content-type";
const STRUCTURED: &str = "application/cloudevents+json";
const SPEC_VERSION: &str = "ce_specversion";
/// The type of every attribute that is written.
pub(crate) const STRING: &str = "String";
/// The body of an empty payload: no body may be empty.
const NOTHING: &str = "-";

/// A message as SNS takes it.
#[derive(Debug)]
pub(crate) struct Written {
    pub(crate) body: String,
    /// All of type `String`.
    pub(crate) attributes: Vec<(&'static str, String)>,
}

impl Written {
    /// What SNS counts of it.
    pub(crate) fn size_bytes(&self) -> usize {
        let attribute = |(name, value): &(&str, String)| name.len() + STRING.len() + value.len();
        self.body.len() + self.attributes.iter().map(attribute).sum::<usize>()
    }
}

/// A message as SQS hands it over, whoever wrote it.
#[derive(Debug)]
pub(crate) struct Received<'a> {
    pub(crate) body: &'a str,
    /// Values of any type as bytes.
    pub(crate) attributes: &'a BTreeMap<String, Vec<u8>>,
    /// The message group, where the queue is FIFO.
    pub(crate) group: Option<&'a str>,
}

/// Writes a message.
///
/// # Errors
/// `Internal` only if serialising strings fails.
pub(crate) fn encode(message: &Message) -> Result<Written> {
    if let Some(written) = event(message)? {
        return Ok(written);
    }
    let (form, body) = match std::str::from_utf8(&message.payload) {
        Ok("") => (Body::Empty, NOTHING.to_owned()),
        Ok(text) if is_plain(text) => (Body::Text, text.to_owned()),
        Ok(_) | Err(_) => (Body::Base64, BASE64.encode(&message.payload)),
    };
    let packed = Packed {
        body: form,
        key: message.key.as_deref().map(Value::of),
        headers: message.headers.iter().map(pair).collect(),
    };
    let mut attributes = vec![(PACKED, pack(&packed)?)];
    // For other programs; read back, it is among the headers.
    let media = message.headers.get_str(CONTENT_TYPE);
    let usable = media.filter(|media| form == Body::Text && !media.is_empty() && is_plain(media));
    attributes.extend(usable.map(|media| (CONTENT_TYPE, media.to_owned())));
    Ok(Written { body, attributes })
}

/// A message that is exactly an event in binary mode, perhaps with headers after it; `None` if
/// reading it back would give another one.
fn event(message: &Message) -> Result<Option<Written>> {
    if message.headers.get(SPEC_VERSION).is_none() {
        return Ok(None);
    }
    let Ok(event) = CloudEvent::from_message(message) else {
        return Ok(None);
    };
    let again = event.to_message()?;
    let mut left = message.headers.iter();
    let is_same = again.key == message.key
        && again.payload == message.payload
        && again.headers.iter().all(|header| left.next() == Some(header));
    let body = String::from_utf8(event.to_json()?).ok().filter(|body| is_plain(body));
    let (true, Some(body)) = (is_same, body) else {
        return Ok(None);
    };
    let packed = Packed { body: Body::Event, key: None, headers: left.map(pair).collect() };
    let mut attributes = vec![(PACKED, pack(&packed)?), (CONTENT_TYPE, STRUCTURED.to_owned())];
    let filters = [("type", Some(event.ty())), ("subject", event.subject.as_deref())];
    for (name, value) in filters {
        let usable = value.filter(|value| !value.is_empty() && is_plain(value));
        attributes.extend(usable.map(|value| (name, value.to_owned())));
    }
    Ok(Some(Written { body, attributes }))
}

/// Reads what anybody wrote. What is not of this adapter is the payload as it stands, with its
/// attributes as headers and its message group as the key.
pub(crate) fn decode(received: &Received<'_>) -> Message {
    ours(received).unwrap_or_else(|| foreign(received))
}

fn ours(received: &Received<'_>) -> Option<Message> {
    let packed: Packed = serde_json::from_slice(received.attributes.get(PACKED)?).ok()?;
    let mut headers = Headers::builder();
    let (key, payload) = match packed.body {
        Body::Event => {
            let event = CloudEvent::from_json(received.body.as_bytes()).ok()?;
            let message = event.to_message().ok()?;
            for (name, value) in message.headers.iter() {
                headers.push(name, value).ok()?;
            }
            (message.key, message.payload)
        }
        Body::Text => (key(packed.key)?, Bytes::copy_from_slice(received.body.as_bytes())),
        Body::Base64 => (key(packed.key)?, BASE64.decode(received.body).ok()?.into()),
        Body::Empty => (key(packed.key)?, Bytes::new()),
    };
    for (name, value) in packed.headers {
        headers.push(std::str::from_utf8(&name.bytes()?).ok()?, value.bytes()?).ok()?;
    }
    Some(Message { key, headers: headers.build(), payload })
}

/// `None` if there is a key that cannot be read.
fn key(packed: Option<Value>) -> Option<Option<Bytes>> {
    packed.map_or(Some(None), |key| key.bytes().map(Some))
}

fn foreign(received: &Received<'_>) -> Message {
    let mut headers = Headers::builder();
    for (name, value) in received.attributes {
        headers.push_foreign(name, value);
    }
    let message = Message::new(Bytes::copy_from_slice(received.body.as_bytes()));
    let message = message.with_headers(headers.build());
    match received.group {
        Some(group) => message.with_key(Bytes::copy_from_slice(group.as_bytes())),
        None => message,
    }
}

fn pair((name, value): (&str, &[u8])) -> (Value, Value) {
    (Value::of(name.as_bytes()), Value::of(value))
}

fn pack(packed: &Packed) -> Result<String> {
    serde_json::to_string(packed).map_err(|error| {
        Error::new(Kind::Internal, "key and headers did not serialise").because(error)
    })
}
