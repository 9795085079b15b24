//! Values of a table: bytes as we write them, and anything as others do.

use std::borrow::Cow;

use lapin::types::{AMQPValue, FieldArray, LongLongUInt};
use serde_json::Value;

/// What a name or value takes beside its bytes, at most.
pub(super) const OVERHEAD_BYTES: usize = 6;

/// Text as text, other bytes as bytes, several as an array.
pub(super) fn written(values: &[&[u8]]) -> AMQPValue {
    let one = |value: &[u8]| match std::str::from_utf8(value) {
        Ok(text) => AMQPValue::LongString(text.into()),
        Err(_) => AMQPValue::ByteArray(value.into()),
    };
    match values {
        [only] => one(only),
        several => {
            let several: Vec<_> = several.iter().map(|value| one(value)).collect();
            AMQPValue::FieldArray(FieldArray::from(several))
        }
    }
}

/// The values of a header: those of an array one by one.
pub(super) fn each(value: &AMQPValue) -> impl Iterator<Item = Cow<'_, [u8]>> {
    let several = match value {
        AMQPValue::FieldArray(several) => several.as_slice(),
        only => std::slice::from_ref(only),
    };
    several.iter().map(bytes)
}

/// A value as bytes: numbers and times as text, tables as JSON.
pub(super) fn bytes(value: &AMQPValue) -> Cow<'_, [u8]> {
    match value {
        AMQPValue::LongString(text) => text.as_bytes().into(),
        AMQPValue::ShortString(text) => text.as_str().as_bytes().into(),
        AMQPValue::ByteArray(bytes) => bytes.as_slice().into(),
        AMQPValue::Void => Cow::Borrowed(&[]),
        other => match json(other) {
            Value::String(text) => text.into_bytes().into(),
            json => json.to_string().into_bytes().into(),
        },
    }
}

/// A number that counts; `None` if it is none.
pub(super) fn count(value: &AMQPValue) -> Option<u32> {
    let number = json(value).as_i64()?;
    Some(u32::try_from(number.max(0)).unwrap_or(u32::MAX))
}

/// Seconds since the epoch as RFC 3339 writes them, or as they are if that cannot.
pub(super) fn time(seconds: LongLongUInt) -> String {
    let instant = i64::try_from(seconds).ok().and_then(|it| jiff::Timestamp::from_second(it).ok());
    instant.map_or_else(|| seconds.to_string(), |instant| instant.to_string())
}

/// A whole number of milliseconds since the epoch, which is a time in AMQP 1.0, as RFC 3339 writes it.
pub(super) fn millis(value: &AMQPValue) -> Option<String> {
    let AMQPValue::LongLongInt(millis) = value else {
        return None;
    };
    jiff::Timestamp::from_millisecond(*millis).ok().map(|instant| instant.to_string())
}

fn json(value: &AMQPValue) -> Value {
    match value {
        AMQPValue::Boolean(it) => Value::from(*it),
        AMQPValue::ShortShortInt(it) => Value::from(*it),
        AMQPValue::ShortShortUInt(it) => Value::from(*it),
        AMQPValue::ShortInt(it) => Value::from(*it),
        AMQPValue::ShortUInt(it) => Value::from(*it),
        AMQPValue::LongInt(it) => Value::from(*it),
        AMQPValue::LongUInt(it) => Value::from(*it),
        AMQPValue::LongLongInt(it) => Value::from(*it),
        AMQPValue::Float(it) => Value::from(*it),
        AMQPValue::Double(it) => Value::from(*it),
        AMQPValue::DecimalValue(it) => {
            Value::from(f64::from(it.value) / 10_f64.powi(it.scale.into()))
        }
        AMQPValue::Timestamp(it) => Value::from(time(*it)),
        AMQPValue::FieldArray(several) => several.as_slice().iter().map(json).collect(),
        AMQPValue::FieldTable(table) => {
            table.into_iter().map(|(name, it)| (name.as_str().to_owned(), json(it))).collect()
        }
        AMQPValue::Void => Value::Null,
        AMQPValue::ShortString(_) | AMQPValue::LongString(_) | AMQPValue::ByteArray(_) => {
            Value::from(String::from_utf8_lossy(&bytes(value)))
        }
    }
}
