//! Structured content mode: the whole event as one JSON object (CloudEvents JSON format 1.0).

use std::collections::BTreeMap;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD as BASE64;
use bytes::Bytes;
use serde_json::Value;
use serde_json::value::RawValue;

use crate::error::{Error, Kind, Result};
use crate::message::{Headers, Message};

use super::binary::{CONTENT_TYPE, STRUCTURED};
use super::{CloudEvent, version};

impl CloudEvent {
    /// The event as one JSON object on one line. JSON data stands in `data`, byte for byte, and so does
    /// text, as a string; anything else in `data_base64`, so that reading it back gives the same bytes.
    ///
    /// # Errors
    /// [`Kind::Internal`] only if serialising strings fails.
    pub fn to_json(&self) -> Result<Vec<u8>> {
        let failed =
            |error| Error::new(Kind::Internal, "a CloudEvent did not serialise").because(error);
        let mut object: BTreeMap<&str, Box<RawValue>> = BTreeMap::new();
        for (name, value) in self.attributes() {
            object.insert(name, serde_json::value::to_raw_value(&value).map_err(failed)?);
        }
        if let Some(data) = &self.data {
            let string = |text: &str| serde_json::value::to_raw_value(text).map_err(failed);
            let (name, value) = if let Some(value) = self.verbatim_json(data) {
                ("data", value)
            } else if let Some(text) = self.text(data) {
                ("data", string(text)?)
            } else {
                ("data_base64", string(&BASE64.encode(data))?)
            };
            object.insert(name, value);
        }
        serde_json::to_vec(&object).map_err(failed)
    }

    /// The event in structured mode: its JSON is the payload, and the content type says so. The message's
    /// key is the partition key.
    ///
    /// # Errors
    /// [`Kind::Internal`] only if serialising strings fails.
    pub fn to_structured_message(&self) -> Result<Message> {
        let mut headers = Headers::builder();
        headers.push(CONTENT_TYPE, STRUCTURED)?;
        Ok(Message {
            key: self.partition_key().map(|key| key.to_owned().into()),
            headers: headers.build(),
            payload: self.to_json()?.into(),
        })
    }

    /// Reads an event from one JSON object. Attributes that are numbers or booleans are kept in
    /// their canonical string form.
    ///
    /// # Errors
    /// [`Kind::Malformed`] with the attribute that is missing or wrong.
    pub fn from_json(bytes: &[u8]) -> Result<Self> {
        let object: BTreeMap<String, Box<RawValue>> =
            serde_json::from_slice(bytes).map_err(|error| {
                malformed("not a JSON object of CloudEvents attributes").because(error)
            })?;
        let mut attributes = BTreeMap::new();
        let (mut data, mut given) = (None, None);
        for (name, raw) in object {
            match name.as_str() {
                "data" => given = Some(raw),
                "data_base64" => data = Some(decode_base64(&raw)?),
                _ => {
                    if let Some(value) = canonical(&name, &raw)? {
                        attributes.insert(name, value);
                    }
                }
            }
        }
        version(attributes.get("specversion").map(String::as_str))?;
        let mut required = |name| attributes.remove(name).unwrap_or_default();
        let mut event = Self::new(required("id"), required("source"), required("type"))?;
        for (name, value) in attributes {
            event.set_attribute(&name, value.into())?;
        }
        event.data = data.or_else(|| given.and_then(|raw| event.data_of(&raw)));
        Ok(event)
    }

    /// What stands in `data`: where the content is not JSON, a string is itself and null is nothing
    /// (JSON format, section 3.1.1).
    fn data_of(&self, raw: &RawValue) -> Option<Bytes> {
        let json = || Bytes::from(raw.get().to_owned());
        if self.is_json() {
            return Some(json());
        }
        match serde_json::from_str::<Option<String>>(raw.get()) {
            Ok(string) => string.map(Bytes::from),
            Err(_) => Some(json()),
        }
    }

    /// The data as text, if its declared media type is one of texts.
    fn text<'a>(&self, data: &'a Bytes) -> Option<&'a str> {
        let declared = self.data_content_type.as_deref()?.split(';').next()?;
        let media = declared.trim().to_ascii_lowercase();
        let is_text = media.starts_with("text/") && media != "text/json";
        let is_xml = media == "application/xml" || media.ends_with("+xml");
        (is_text || is_xml).then(|| std::str::from_utf8(data).ok())?
    }

    /// The data as a JSON value, if writing it there keeps every byte and the line.
    fn verbatim_json(&self, data: &Bytes) -> Option<Box<RawValue>> {
        let text = self.is_json().then(|| std::str::from_utf8(data).ok())??;
        if text.contains(['\n', '\r']) {
            return None;
        }
        let value = RawValue::from_string(text.to_owned()).ok()?;
        (value.get().len() == text.len() && text.trim().len() == text.len()).then_some(value)
    }
}

fn malformed(message: &'static str) -> Error {
    Error::new(Kind::Malformed, message)
}

fn decode_base64(raw: &RawValue) -> Result<Bytes> {
    let text: String = serde_json::from_str(raw.get())
        .map_err(|error| malformed("data_base64 is not a string").because(error))?;
    let bytes = BASE64
        .decode(text)
        .map_err(|error| malformed("data_base64 is not base64").because(error))?;
    Ok(bytes.into())
}

fn canonical(name: &str, raw: &RawValue) -> Result<Option<String>> {
    let wrong =
        || malformed("an attribute is a string, an integer or a boolean").with("attribute", name);
    match serde_json::from_str(raw.get()).map_err(|error| wrong().because(error))? {
        Value::Null => Ok(None),
        Value::Bool(value) => Ok(Some(value.to_string())),
        Value::Number(value) if value.is_i64() => Ok(Some(value.to_string())),
        Value::String(value) => Ok(Some(value)),
        Value::Number(_) | Value::Array(_) | Value::Object(_) => Err(wrong()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn data_keeps_its_bytes_whatever_they_are() {
        let base = || CloudEvent::new("1", "/s", "T").unwrap();
        let of = |media: &str, data: &'static [u8]| {
            let mut event = base();
            event.data_content_type = Some(media.to_owned());
            event.data = Some(Bytes::from_static(data));
            event
        };
        for event in [
            base(),
            base().with_json(&b"{\"b\" : 1,  \"a\":1e3}"[..]),
            base().with_json(&b" {} "[..]),
            base().with_json(&b"not json"[..]),
            base().with_json(&b"{\r\n}"[..]),
            base().with_json(&b"\"text\""[..]),
            of("text/plain", b"plain \xff"),
            of("text/plain", b"\"two\"\nlines"),
            of("text/plain", b""),
            of("application/octet-stream", b"plain"),
        ] {
            let json = event.to_json().unwrap();
            assert!(!json.contains(&b'\n'), "{}", json.escape_ascii());
            assert_eq!(CloudEvent::from_json(&json).unwrap(), event, "{}", json.escape_ascii());
        }
    }

    #[test]
    fn a_string_of_others_is_its_text_unless_it_is_json() {
        let read = |media: &str, data: &str| {
            let base = r#"{"specversion":"1.0","id":"1","source":"/s","type":"T","#;
            let text = format!("{base}\"data\":{data}{media}}}");
            CloudEvent::from_json(text.as_bytes()).unwrap().data.unwrap_or_default()
        };
        assert_eq!(read(r#","datacontenttype":"text/plain""#, "null"), "");
        assert_eq!(read("", "null"), "null");
        assert_eq!(read(r#","datacontenttype":"text/plain""#, r#""\u00fc\n""#), "ü\n");
        assert_eq!(read(r#","datacontenttype":"text/plain""#, "[1]"), "[1]");
        assert_eq!(read(r#","datacontenttype":"a/b+json""#, r#""\u00fc""#), r#""\u00fc""#);
        assert_eq!(read("", r#""x""#), r#""x""#);
    }

    #[test]
    fn a_message_says_by_content_type_that_it_is_structured() {
        let mut event = CloudEvent::new("1", "/s", "T").unwrap();
        event.set_extension("partitionkey", "k").unwrap();
        let message = event.to_structured_message().unwrap();
        assert_eq!(message.key.as_deref(), Some(&b"k"[..]));
        assert_eq!(CloudEvent::from_message(&message).unwrap(), event);
        let mut headers = Headers::builder();
        headers.push("content-type", "Application/CloudEvents+JSON; charset=utf-8").unwrap();
        let message = message.with_headers(headers.build());
        assert_eq!(CloudEvent::from_message(&message).unwrap(), event);
    }

    #[test]
    fn what_is_wrong_is_named() {
        let error = |text: &str| CloudEvent::from_json(text.as_bytes()).unwrap_err();
        assert!(error("[]").to_string().contains("not a JSON object"));
        assert!(error("{}").to_string().contains("specversion"));
        let base = r#"{"specversion":"1.0","id":"1","source":"/s","type":"T","#;
        assert_eq!(error(&format!("{base}\"x\":[]}}")).context("attribute"), Some("x"));
        assert!(error(&format!("{base}\"data_base64\":\"*\"}}")).to_string().contains("base64"));
        let odd = format!("{base}\"n\":5,\"b\":true,\"z\":null}}");
        let event = CloudEvent::from_json(odd.as_bytes()).unwrap();
        assert_eq!((event.extension("n"), event.extension("b")), (Some("5"), Some("true")));
        assert_eq!(event.extension("z"), None);
    }
}
