//! Binary content mode: attributes as headers, data as the payload.
//!
//! Headers are named `ce_<attribute>` and `content-type`, as in the CloudEvents Kafka binding
//! (section 3.2); adapters whose binding has another prefix rename them.

use crate::error::{Error, Kind, Result};
use crate::message::{Headers, Message};

use super::{CloudEvent, version};

/// What stands in front of an attribute's name in a header.
pub(super) const PREFIX: &str = "ce_";
pub(super) const CONTENT_TYPE: &str = "content-type";
/// How the media type of every event format begins, and the one of JSON.
const FORMATS: &str = "application/cloudevents";
pub(super) const STRUCTURED: &str = "application/cloudevents+json";

impl CloudEvent {
    /// The event in binary mode; the message's key is the partition key. Data of an event without
    /// any becomes an empty payload.
    ///
    /// # Errors
    /// [`Kind::InvalidName`] if an extension's name is too long for a header.
    pub fn to_message(&self) -> Result<Message> {
        let mut headers = Headers::builder();
        for (name, value) in self.attributes() {
            match name {
                "datacontenttype" => headers.push(CONTENT_TYPE, value)?,
                name => headers.push(&format!("{PREFIX}{name}"), value)?,
            };
        }
        Ok(Message {
            key: self.partition_key().map(|key| key.to_owned().into()),
            headers: headers.build(),
            payload: self.data.clone().unwrap_or_default(),
        })
    }

    /// Reads an event from a message: structured if its content type says so, else binary.
    ///
    /// # Errors
    /// [`Kind::Malformed`] with the attribute that is missing or wrong.
    pub fn from_message(message: &Message) -> Result<Self> {
        let media = message.headers.get_str(CONTENT_TYPE).unwrap_or_default();
        let format = media.split(';').next().unwrap_or_default().trim();
        if format.eq_ignore_ascii_case(STRUCTURED) {
            return Self::from_json(&message.payload);
        }
        if format.get(..FORMATS.len()).is_some_and(|begin| begin.eq_ignore_ascii_case(FORMATS)) {
            let why = "this event format is not supported: send JSON";
            return Err(Error::new(Kind::Malformed, why).with("content-type", media));
        }
        from_binary(message)
    }
}

fn from_binary(message: &Message) -> Result<CloudEvent> {
    let header = |name| message.headers.get_str(name);
    version(header("ce_specversion"))?;
    let required = |name| header(name).unwrap_or_default();
    let [id, source, ty] = ["ce_id", "ce_source", "ce_type"].map(required);
    let mut event = CloudEvent::new(id, source, ty)?;
    for (name, value) in message.headers.iter() {
        let attribute = match name {
            CONTENT_TYPE => "datacontenttype",
            name => match name.strip_prefix(PREFIX) {
                Some(attribute) => attribute,
                None => continue,
            },
        };
        let text = std::str::from_utf8(value).map_err(|error| {
            Error::new(Kind::Malformed, "an attribute value is not UTF-8")
                .with("attribute", attribute)
                .because(error)
        })?;
        event.set_attribute(attribute, text.into())?;
    }
    event.data = (!message.payload.is_empty()).then(|| message.payload.clone());
    Ok(event)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sample() -> CloudEvent {
        let mut event = CloudEvent::new("1", "/shop", "OrderPlaced").unwrap();
        event.subject = Some("Käse".into());
        event.time = Some("2026-11-23T10:00:00.5Z".parse().unwrap());
        event.set_extension("partitionkey", "customer-7").unwrap();
        event.with_json(&b"{\"a\": 1}"[..])
    }

    #[test]
    fn a_round_trip_keeps_every_attribute() {
        let message = sample().to_message().unwrap();
        assert_eq!(message.key.as_deref(), Some(&b"customer-7"[..]));
        assert_eq!(message.headers.get_str("ce_type"), Some("OrderPlaced"));
        assert_eq!(message.headers.get_str("content-type"), Some("application/json"));
        assert_eq!(CloudEvent::from_message(&message).unwrap(), sample());
    }

    #[test]
    fn what_is_wrong_is_named() {
        let with = |pairs: &[(&str, &[u8])]| {
            let mut headers = Headers::builder();
            for (name, value) in pairs {
                headers.push(name, value).unwrap();
            }
            CloudEvent::from_message(&Message::new("x").with_headers(headers.build())).unwrap_err()
        };
        let batch = with(&[("content-type", b"application/cloudevents-batch+json")]);
        assert_eq!(batch.context("content-type"), Some("application/cloudevents-batch+json"));
        let base: [(&str, &[u8]); 3] =
            [("ce_specversion", b"1.0"), ("ce_id", b"1"), ("ce_source", b"/s")];
        assert!(with(&[]).to_string().contains("specversion is missing"));
        assert!(with(&[("ce_specversion", b"0.3")]).to_string().contains("0.3"));
        assert_eq!(with(&base).context("attribute"), Some("type"));
        let mut time = base.to_vec();
        time.extend([("ce_type", &b"T"[..]), ("ce_time", b"yesterday")]);
        assert_eq!(with(&time).context("time"), Some("yesterday"));
        let last = time.len() - 1;
        time[last] = ("ce_subject", b"\xff");
        assert_eq!(with(&time).context("attribute"), Some("subject"));
    }

    #[test]
    fn extension_names_are_checked() {
        use super::super::extension;
        let mut event = sample();
        for name in ["", "Upper", "with-dash", "data", extension::CORRELATION] {
            let fine = name == extension::CORRELATION;
            assert_eq!(event.set_extension(name, "v").is_ok(), fine, "{name}");
        }
    }
}
