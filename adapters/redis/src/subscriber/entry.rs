//! Stream entries as the server replies them.

use std::fmt;

use redis::Value;
use wingman_core::message::Message;
use wingman_core::transport::Position;

use crate::codec;

/// The id of an entry: milliseconds and a number within them.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub(crate) struct EntryId {
    pub(crate) millis: u64,
    pub(crate) sequence: u64,
}

impl EntryId {
    pub(crate) fn parse(text: &[u8]) -> Option<Self> {
        let (millis, sequence) = std::str::from_utf8(text).ok()?.split_once('-')?;
        Some(Self { millis: millis.parse().ok()?, sequence: sequence.parse().ok()? })
    }
}

impl fmt::Display for EntryId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}-{}", self.millis, self.sequence)
    }
}

impl From<EntryId> for Position {
    fn from(id: EntryId) -> Self {
        Self { lane: 0, major: id.millis, minor: id.sequence }
    }
}

/// An entry that was handed to us.
#[derive(Debug)]
pub(super) struct Entry {
    pub(super) id: EntryId,
    pub(super) message: Message,
    /// The server's number of hand-overs, this one included: no two of one entry have the same.
    pub(super) count: u32,
    /// The hand-overs of them that count as attempts.
    pub(super) attempt: u32,
}

/// The entries of a read of one stream: nil, or pairs of stream and entries, as a map or an array.
pub(super) fn read(reply: Value) -> Option<Vec<Entry>> {
    let entries = match reply {
        Value::Nil => return Some(Vec::new()),
        Value::Map(mut streams) => streams.pop()?.1,
        Value::Array(mut streams) => match streams.pop()? {
            Value::Array(mut pair) => pair.pop()?,
            _ => return None,
        },
        _ => return None,
    };
    let new = |entry| {
        let [id, fields] = array(entry)?;
        from_parts(id, fields, 1, 1)
    };
    items(entries)?.into_iter().map(new).collect()
}

/// The entries of the script `returned`.
pub(super) fn returned(entries: Value) -> Option<Vec<Entry>> {
    let entry = |entry| {
        let [id, fields, count, attempt] = array(entry)?;
        from_parts(id, fields, number(&count)?, number(&attempt)?)
    };
    items(entries)?.into_iter().map(entry).collect()
}

fn from_parts(id: Value, fields: Value, count: u32, attempt: u32) -> Option<Entry> {
    let id = EntryId::parse(&bytes(id)?)?;
    let mut fields = items(fields)?.into_iter();
    let mut pairs = Vec::with_capacity(fields.len() / 2);
    while let (Some(name), Some(value)) = (fields.next(), fields.next()) {
        pairs.push((bytes(name)?, bytes(value)?));
    }
    Some(Entry { id, message: codec::decode(pairs), count, attempt })
}

/// The items of an array; an empty table of a script may come as nil.
pub(super) fn items(value: Value) -> Option<Vec<Value>> {
    match value {
        Value::Array(items) => Some(items),
        Value::Nil => Some(Vec::new()),
        _ => None,
    }
}

/// An array of exactly so many items.
pub(super) fn array<const COUNT: usize>(value: Value) -> Option<[Value; COUNT]> {
    items(value)?.try_into().ok()
}

pub(super) fn bytes(value: Value) -> Option<Vec<u8>> {
    match value {
        Value::BulkString(bytes) => Some(bytes),
        Value::SimpleString(text) => Some(text.into_bytes()),
        _ => None,
    }
}

pub(super) fn number(value: &Value) -> Option<u32> {
    match value {
        Value::Int(number) => u32::try_from(*number).ok(),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn text(text: &str) -> Value {
        Value::BulkString(text.into())
    }

    #[test]
    fn ids_order_as_numbers_and_survive_their_text() {
        let id = |text: &str| EntryId::parse(text.as_bytes()).unwrap();
        assert!(id("9-10") > id("9-9"));
        assert!(id("10-0") > id("9-9"));
        assert_eq!(id("1795470088955-7").to_string(), "1795470088955-7");
        assert_eq!(EntryId::parse(b"1795470088955"), None);
    }

    #[test]
    fn both_protocols_are_read_and_nonsense_is_not() {
        let entry = Value::Array(vec![text("5-1"), Value::Array(vec![text("data"), text("x")])]);
        let entries = Value::Array(vec![entry]);
        let map = Value::Map(vec![(text("topic"), entries.clone())]);
        let pairs = Value::Array(vec![Value::Array(vec![text("topic"), entries])]);
        for reply in [map, pairs] {
            let read = read(reply).unwrap();
            assert_eq!(read.len(), 1);
            assert_eq!(read[0].message.payload, "x");
        }
        assert!(read(Value::Nil).unwrap().is_empty());
        assert!(read(Value::Int(1)).is_none());
    }
}
