//! A message as a Pub/Sub message, and back. Pure.
//!
//! A header is an attribute of the same name, with `ce_` as `ce-`, so that a CloudEvent in binary mode
//! is what the Pub/Sub binding of CloudEvents says. Attributes are a set of texts, at most 1,024
//! bytes each, and headers a sequence of bytes: what attributes cannot hold stands in `wingman-…`
//! attributes beside them, which only appear where they are needed.

mod beside;

use std::collections::BTreeMap;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use bytes::Bytes;
use google_cloud_pubsub::model::Message as Native;
use wingman_core::message::{Headers, Message};
use wingman_core::{Error, Kind, Result};

use self::beside::{Beside, Odd};

/// Limits of a message (Pub/Sub documentation, "Quotas and limits").
pub(crate) const ATTRIBUTES_MAX: usize = 100;
const NAME_BYTES_MAX: usize = 256;
const VALUE_BYTES_MAX: usize = 1_024;
const KEY_BYTES_MAX: usize = 1_024;

/// What stands in front of the names that are ours.
const OURS: &str = "wingman-";
/// That the ordering key is base64 of the key.
const KEY_IS_BASE64: &str = "wingman-key";
/// That there is a key, and it is empty: an empty ordering key is none.
const KEY_IS_EMPTY: &str = "wingman-no-key";
/// That there is nothing else: the service takes no message without data and attributes.
const IS_EMPTY: &str = "wingman-empty";

const EVENT: &str = "ce_";
const NATIVE_EVENT: &str = "ce-";

/// The message as it is sent.
///
/// # Errors
/// `Oversize` if its key or headers have no room.
pub(crate) fn encode(message: &Message) -> Result<Native> {
    let mut attributes = BTreeMap::new();
    let mut beside = Beside::default();
    for (at, (name, value)) in message.headers.iter().enumerate() {
        match plain(name, value) {
            Some((name, value)) if !attributes.contains_key(&name) => {
                beside.plain(name.clone(), at);
                attributes.insert(name, value);
            }
            Some(_) | None => beside.odd(Odd { at, name: name.to_owned(), value: value.to_vec() }),
        }
    }
    beside.write(&mut attributes);
    let key = message.key.as_deref().map(|key| ordering_key(key, &mut attributes)).transpose()?;
    if attributes.is_empty() && message.payload.is_empty() {
        attributes.insert(IS_EMPTY.to_owned(), "yes".to_owned());
    }
    if attributes.len() > ATTRIBUTES_MAX {
        return Err(Error::new(Kind::Oversize, "the headers do not fit into 100 attributes")
            .during("publish")
            .with("attributes", attributes.len())
            .with("header_bytes", message.headers.size_bytes()));
    }
    Ok(Native::new()
        .set_data(message.payload.clone())
        .set_attributes(attributes)
        .set_ordering_key(key.unwrap_or_default()))
}

/// Reads a message, whoever wrote it. What stands beside and cannot be read is a header like others.
pub(crate) fn decode(native: Native) -> Message {
    let mut attributes: BTreeMap<String, String> = native.attributes.into_iter().collect();
    attributes.remove(IS_EMPTY);
    let key = read_key(native.ordering_key, &mut attributes);
    let beside = Beside::read(&mut attributes);
    let mut headers = Headers::builder();
    let plain = attributes.into_iter().map(|(name, value)| (read_name(name), value.into_bytes()));
    for (name, value) in beside.joined(plain.collect()) {
        headers.push_foreign(&name, value);
    }
    Message { key, headers: headers.build(), payload: native.data }
}

/// The attribute of a header; `None` if attributes cannot hold it.
fn plain(name: &str, value: &[u8]) -> Option<(String, String)> {
    let value = std::str::from_utf8(value).ok().filter(|it| it.len() <= VALUE_BYTES_MAX)?;
    let name = match name.strip_prefix(EVENT) {
        Some(attribute) => format!("{NATIVE_EVENT}{attribute}"),
        // It would be read as an attribute of a CloudEvent.
        None if name.starts_with(NATIVE_EVENT) => return None,
        None => name.to_owned(),
    };
    let reserved = name.starts_with("goog") || name.starts_with(OURS);
    (name.len() <= NAME_BYTES_MAX && !reserved).then(|| (name, value.to_owned()))
}

fn read_name(name: String) -> String {
    match name.strip_prefix(NATIVE_EVENT) {
        Some(attribute) => format!("{EVENT}{attribute}"),
        None => name,
    }
}

fn ordering_key(key: &[u8], attributes: &mut BTreeMap<String, String>) -> Result<String> {
    let text = match std::str::from_utf8(key) {
        Ok("") => {
            attributes.insert(KEY_IS_EMPTY.to_owned(), "empty".to_owned());
            String::new()
        }
        Ok(text) => text.to_owned(),
        Err(_) => {
            attributes.insert(KEY_IS_BASE64.to_owned(), "base64".to_owned());
            STANDARD.encode(key)
        }
    };
    if text.len() > KEY_BYTES_MAX {
        return Err(Error::new(Kind::Oversize, "the key is longer than an ordering key can be")
            .during("publish")
            .with("bytes", text.len())
            .with("bytes_max", KEY_BYTES_MAX));
    }
    Ok(text)
}

fn read_key(key: String, attributes: &mut BTreeMap<String, String>) -> Option<Bytes> {
    if key.is_empty() {
        return attributes.remove(KEY_IS_EMPTY).map(|_| Bytes::new());
    }
    if attributes.contains_key(KEY_IS_BASE64)
        && let Ok(bytes) = STANDARD.decode(&key)
    {
        attributes.remove(KEY_IS_BASE64);
        return Some(bytes.into());
    }
    Some(key.into())
}

#[cfg(test)]
mod tests;
