//! A message as AMQP properties and body, and back. Pure.
//!
//! A header is one of the table's, under its own name. A CloudEvent in binary mode has its
//! attributes as `cloudEvents:…` and its content type as the property, as the CloudEvents AMQP
//! binding (section 3.1) says; `cloudEvents_…` and `ce-…` are read as well. The table is sorted and has each
//! name once: a header that is repeated is an array, and the order of headers that do not come in
//! [`order`]'s is written beside them.

mod id;
mod order;
mod value;

use std::borrow::Cow;

use lapin::BasicProperties;
use lapin::types::{AMQPValue, FieldTable, ShortString};
use wingman_core::message::{HeadersBuilder, Message};
use wingman_core::{Error, Kind, Result};

pub(crate) use self::id::MessageId;
use self::order::Header;
use crate::config::SHORT_BYTES_MAX;

const CONTENT_TYPE: &str = "content-type";
/// What core puts in front of an attribute, and what the binding does; the others are read only: the
/// second is the binding's for JMS, the third that of Knative's binding for RabbitMQ.
const ATTRIBUTE: &str = "ce_";
const BOUND: [&str; 3] = ["cloudEvents:", "cloudEvents_", "ce-"];
const TIME: &str = "ce_time";
const PARTITION_KEY: &str = "ce_partitionkey";
/// Stands in front of a header whose own name means something here.
const ESCAPE: &str = "header:";
/// The message's key, unless its partition key says it; void if there is none in spite of that.
const KEY: &str = "wingman-key";
const ORDER: &str = "wingman-order";
/// Names that the server reads or writes itself.
const OF_SERVER: [&str; 5] = ["CC", "BCC", "x-death", DELIVERIES, "x-acquired-count"];
const DELIVERIES: &str = "x-delivery-count";
const PERSISTENT: u8 = 2;

/// A message as it is sent, but for its body.
#[derive(Debug)]
pub(crate) struct Outgoing {
    pub(crate) routing_key: ShortString,
    pub(crate) properties: BasicProperties,
}

/// Properties may take `bytes_max` in all: they travel in one frame.
///
/// # Errors
/// `Oversize` if they take more, or a header's name is too long.
pub(crate) fn encode(message: &Message, id: MessageId, bytes_max: usize) -> Result<Outgoing> {
    let mut properties = BasicProperties::default()
        .with_delivery_mode(PERSISTENT)
        .with_message_id(short(id.to_string())?);
    let headers: Vec<_> = message.headers.iter().collect();
    let mut table = FieldTable::default();
    let mut bytes = 64;
    let mut content_type = None;
    for (name, values) in order::grouped(&headers) {
        if name == CONTENT_TYPE
            && let [only] = values[..]
            && let Ok(text) = std::str::from_utf8(only)
            && let Ok(text) = ShortString::try_new(text)
        {
            content_type = Some(text);
            continue;
        }
        let name = written(name);
        bytes += name.len() + value::OVERHEAD_BYTES;
        bytes += values.iter().map(|value| value.len() + value::OVERHEAD_BYTES).sum::<usize>();
        table.insert(short(name)?, value::written(&values));
    }
    if let Some(text) = content_type {
        bytes += text.as_str().len();
        properties = properties.with_content_type(text);
    }
    if let Some(text) = order::written(&headers) {
        bytes += text.len() + ORDER.len() + value::OVERHEAD_BYTES;
        table.insert(short(ORDER)?, AMQPValue::LongString(text.into()));
    }
    let key = message.key.as_deref();
    if key != message.headers.get(PARTITION_KEY) {
        bytes += key.map_or(0, <[u8]>::len) + KEY.len() + value::OVERHEAD_BYTES;
        table.insert(short(KEY)?, key.map_or(AMQPValue::Void, |key| value::written(&[key])));
    }
    if bytes > bytes_max {
        let why = "the headers are larger than a frame of this server: put them into the payload";
        return Err(Error::new(Kind::Oversize, why)
            .during("publish")
            .with("bytes", bytes)
            .with("bytes_max", bytes_max));
    }
    let routing_key = key.and_then(|key| std::str::from_utf8(key).ok());
    let routing_key = routing_key.and_then(|key| ShortString::try_new(key).ok());
    Ok(Outgoing {
        routing_key: routing_key.unwrap_or_default(),
        properties: properties.with_headers(table),
    })
}

/// A message as it came.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Incoming {
    pub(crate) message: Message,
    /// Names it, if its publisher gave it a name.
    pub(crate) id: Option<MessageId>,
    /// How often it was handed to a consumer before, where the queue counts.
    pub(crate) deliveries: Option<u32>,
}

/// Reads a message, whoever wrote it. What is no text or bytes becomes text; properties that have
/// no header of their own become `amqp:…`. Where the queue is a team's, ids of the form of ours are
/// other programs', too.
pub(crate) fn decode(
    builder: &mut HeadersBuilder,
    properties: &BasicProperties,
    payload: Vec<u8>,
    is_ours: bool,
) -> Incoming {
    let id = properties.message_id().as_ref().map(ShortString::as_str).map(MessageId::of);
    let mut headers: Vec<Header<'_>> = Vec::new();
    let mut permutation = None;
    let mut key = None;
    let mut deliveries = None;
    for (name, value) in properties.headers().iter().flatten() {
        match name.as_str() {
            KEY => key = Some(value),
            ORDER => permutation = Some(value::bytes(value)),
            DELIVERIES => deliveries = value::count(value),
            "x-acquired-count" => {}
            name => {
                let name = read(name);
                if let Some(time) = value::millis(value).filter(|_| name == TIME) {
                    headers.push(Header::new(name, time.into_bytes()));
                    continue;
                }
                headers.extend(value::each(value).map(|value| Header::new(name.clone(), value)));
            }
        }
    }
    if let Some(text) = properties.content_type() {
        headers.push(Header::new(CONTENT_TYPE, text.as_str().as_bytes()));
    }
    order::restore(&mut headers, permutation.as_deref());
    for Header { name, value, .. } in &headers {
        builder.push_foreign(name, value);
    }
    for (name, value) in foreign(properties, is_ours) {
        builder.push_foreign(&name, value);
    }
    let headers = builder.take();
    let key = match key {
        Some(AMQPValue::Void) => None,
        Some(key) => Some(value::bytes(key).into_owned()),
        None => headers.get(PARTITION_KEY).map(<[u8]>::to_vec),
    };
    let message = Message { key: key.map(Into::into), headers, payload: payload.into() };
    Incoming { message, id, deliveries }
}

/// The properties that other programs set, as headers.
fn foreign(properties: &BasicProperties, is_ours: bool) -> impl Iterator<Item = (String, String)> {
    let message_id = properties.message_id().as_ref().filter(|text| {
        // Ours is the position, and no header.
        !(is_ours && MessageId::is_written(text.as_str()))
    });
    let timestamp = properties.timestamp().map(value::time);
    let texts = [
        ("message-id", message_id),
        ("type", properties.kind().as_ref()),
        ("correlation-id", properties.correlation_id().as_ref()),
        ("reply-to", properties.reply_to().as_ref()),
        ("content-encoding", properties.content_encoding().as_ref()),
        ("app-id", properties.app_id().as_ref()),
        ("user-id", properties.user_id().as_ref()),
    ];
    texts
        .into_iter()
        .filter_map(|(name, text)| Some((name, text?.as_str().to_owned())))
        .chain(timestamp.map(|text| ("timestamp", text)))
        .map(|(name, text)| (format!("amqp:{name}"), text))
}

/// A header's name in the table.
fn written(name: &str) -> String {
    if let Some(attribute) = name.strip_prefix(ATTRIBUTE) {
        return format!("{}{attribute}", BOUND[0]);
    }
    let is_ours = [ESCAPE, "wingman-"].iter().chain(&BOUND).any(|ours| name.starts_with(ours));
    if is_ours || name == CONTENT_TYPE || OF_SERVER.contains(&name) {
        return format!("{ESCAPE}{name}");
    }
    name.to_owned()
}

/// A header's name as we have it.
fn read(name: &str) -> Cow<'_, str> {
    for bound in BOUND {
        if let Some(attribute) = name.strip_prefix(bound) {
            let known =
                order::FIRST.iter().find(|it| it.strip_prefix(ATTRIBUTE) == Some(attribute));
            return known
                .map_or_else(|| format!("{ATTRIBUTE}{attribute}").into(), |it| (*it).into());
        }
    }
    name.strip_prefix(ESCAPE).unwrap_or(name).into()
}

/// The client would panic at a text that is too long.
fn short(text: impl Into<String>) -> Result<ShortString> {
    ShortString::try_new(text).map_err(|error| {
        let why = "a header's name is longer than AMQP takes";
        Error::new(Kind::Oversize, why)
            .during("publish")
            .with("bytes_max", SHORT_BYTES_MAX)
            .because(error.to_string())
    })
}

#[cfg(test)]
#[path = "codec/tests.rs"]
mod tests;
