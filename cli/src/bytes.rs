//! Bytes that somebody else made, for people, for programs and as they are.

use std::io::{self, Write};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD as BASE64;
use serde_json::{Value, json};

use wingman_hub::core::event::CloudEvent;
use wingman_hub::governance::protocol::row::Original;

use crate::print;
use crate::problem::Problem;

/// Writes bytes to standard output and nothing else.
pub(crate) fn raw(bytes: &[u8]) -> Result<(), Problem> {
    let mut out = io::stdout().lock();
    out.write_all(bytes).and_then(|()| out.flush()).map_err(Problem::new)
}

/// What was received, for people.
pub(crate) fn show(original: &Original) -> Result<(), Problem> {
    let message = original.to_message().map_err(Problem::new)?;
    print::line(format!("received   topic {}, position {}", original.topic, original.position));
    if let Some(key) = &message.key {
        print::line(format!("key        {}", key.escape_ascii()));
    }
    for (name, value) in message.headers.iter() {
        print::line(format!("header     {name}: {}", value.escape_ascii()));
    }
    print::line(format!("payload    {} bytes", message.payload.len()));
    if !message.payload.is_empty() {
        print::line(text(&message.payload));
    }
    Ok(())
}

/// What was received, for programs.
pub(crate) fn json(original: &Original) -> Value {
    json!({
        "topic": original.topic, "position": original.position, "key": original.key,
        "headers": original.headers, "payload": BASE64.encode(&original.payload),
    })
}

/// The attributes of an event, without its data.
pub(crate) fn envelope(event: &[u8]) -> Option<Value> {
    let event = CloudEvent::from_json(event).ok()?;
    Some(event.attributes().map(|(name, value)| (name.to_owned(), Value::from(value))).collect())
}

/// A moment of the ledger's clock.
pub(crate) fn time(millis: u64) -> String {
    let millis = i64::try_from(millis).unwrap_or(i64::MAX);
    jiff::Timestamp::from_millisecond(millis)
        .map_or_else(|_| "never".to_owned(), |at| at.to_string())
}

/// Bytes as a terminal may show them: text as it is, unless it could command the terminal.
fn text(bytes: &[u8]) -> String {
    match std::str::from_utf8(bytes) {
        Ok(text) if !text.chars().any(|it| it.is_control() && !"\n\r\t".contains(it)) => {
            text.trim_end().to_owned()
        }
        Ok(_) | Err(_) => bytes.escape_ascii().to_string(),
    }
}
