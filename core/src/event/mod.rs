//! The CloudEvents 1.0 envelope, its binary and structured encodings, and typed payloads.

mod binary;
mod follow;
mod structured;
mod typed;

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::sync::Arc;

use bytes::Bytes;
use jiff::Timestamp;

use crate::error::{Error, Kind, Result};
pub use follow::execution_id;
pub use typed::{Event, Output};
/// Derives the trait [`Event`]: `#[event(name = "Name", version = 1)]`, both optional.
#[cfg(feature = "derive")]
pub use wingman_macros::Event;

/// The media type of JSON data.
pub const JSON: &str = "application/json";

/// Extension attributes that Wingman reads and writes.
pub mod extension {
    /// The ordering key (CloudEvents partitioning extension).
    pub const PARTITION_KEY: &str = "partitionkey";
    /// The tree that an event belongs to.
    pub const CORRELATION: &str = "correlationid";
    /// The execution that emitted the event.
    pub const CAUSATION: &str = "causationid";
    /// When the event stops being of use, RFC 3339 (CloudEvents expiry extension).
    pub const EXPIRY: &str = "expirytime";
    /// Where the event stands among those of its key, from 1.
    pub const SEQUENCE: &str = "sequence";
}

/// An event in the CloudEvents 1.0 envelope. Its identity is `source` plus `id`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CloudEvent {
    id: Arc<str>,
    source: Arc<str>,
    ty: Arc<str>,
    /// What the event is about within its source.
    pub subject: Option<String>,
    /// When it happened.
    pub time: Option<Timestamp>,
    /// The media type of `data`; absent means JSON.
    pub data_content_type: Option<String>,
    /// The schema that `data` claims to obey.
    pub data_schema: Option<String>,
    extensions: BTreeMap<String, String>,
    /// The payload; `None` and empty are different.
    pub data: Option<Bytes>,
}

impl CloudEvent {
    /// An event with the three attributes that every event has.
    ///
    /// # Errors
    /// [`Kind::Malformed`] if one of them is empty or holds a control character
    /// (CloudEvents 1.0, "Required attributes").
    pub fn new(
        id: impl Into<Arc<str>>,
        source: impl Into<Arc<str>>,
        ty: impl Into<Arc<str>>,
    ) -> Result<Self> {
        Ok(Self {
            id: required("id", id.into())?,
            source: required("source", source.into())?,
            ty: required("type", ty.into())?,
            subject: None,
            time: None,
            data_content_type: None,
            data_schema: None,
            extensions: BTreeMap::new(),
            data: None,
        })
    }

    /// Identifies the event within its source.
    pub fn id(&self) -> &str {
        &self.id
    }

    /// Where the event happened, a URI reference.
    pub fn source(&self) -> &str {
        &self.source
    }

    /// The type of the event.
    pub fn ty(&self) -> &str {
        &self.ty
    }

    /// The value of an extension attribute.
    pub fn extension(&self, name: &str) -> Option<&str> {
        self.extensions.get(name).map(String::as_str)
    }

    /// All extension attributes, by name.
    pub fn extensions(&self) -> impl Iterator<Item = (&str, &str)> {
        self.extensions.iter().map(|(name, value)| (name.as_str(), value.as_str()))
    }

    /// Sets an extension attribute, in its canonical string form.
    ///
    /// # Errors
    /// [`Kind::Malformed`] unless the name is lower-case ASCII letters and digits, not one of the
    /// specification's own attributes, and the value is free of control characters.
    pub fn set_extension(&mut self, name: &str, value: impl Into<String>) -> Result<()> {
        let value = value.into();
        let named = |text| Error::new(Kind::Malformed, text).with("attribute", name);
        if name.is_empty() || !name.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit()) {
            return Err(named("an attribute name is lower-case ASCII letters and digits"));
        }
        if RESERVED.contains(&name) {
            return Err(named("this name is the specification's own, not an extension"));
        }
        if value.chars().any(char::is_control) {
            return Err(named("an attribute value has no control characters"));
        }
        self.extensions.insert(name.to_owned(), value);
        Ok(())
    }

    /// Sets JSON data.
    #[must_use]
    pub fn with_json(mut self, data: impl Into<Bytes>) -> Self {
        self.data_content_type = Some(JSON.to_owned());
        self.data = Some(data.into());
        self
    }

    /// The ordering key.
    pub fn partition_key(&self) -> Option<&str> {
        self.extension(extension::PARTITION_KEY)
    }

    /// The tree that the event belongs to; an event without one is the root of its own.
    pub fn correlation(&self) -> &str {
        self.extension(extension::CORRELATION).unwrap_or(&self.id)
    }

    /// Whether `data` is JSON by its declared media type.
    pub fn is_json(&self) -> bool {
        let Some(declared) = &self.data_content_type else {
            return true;
        };
        let media = declared.split(';').next().unwrap_or_default().trim();
        media.eq_ignore_ascii_case(JSON)
            || media.eq_ignore_ascii_case("text/json")
            || media.to_ascii_lowercase().ends_with("+json")
    }

    /// Sets one attribute from its canonical string form, as every decoder needs it. The required ones it
    /// has already, so that they are not copied.
    fn set_attribute(&mut self, name: &str, value: Cow<'_, str>) -> Result<()> {
        match name {
            "subject" => self.subject = Some(value.into_owned()),
            "datacontenttype" => self.data_content_type = Some(value.into_owned()),
            "dataschema" => self.data_schema = Some(value.into_owned()),
            "time" => {
                self.time = Some(value.parse().map_err(|error: jiff::Error| {
                    Error::new(Kind::Malformed, "time is not an RFC 3339 timestamp")
                        .with("time", &value)
                        .because(error)
                })?);
            }
            "id" | "source" | "type" | "specversion" => {}
            extension => self.set_extension(extension, value)?,
        }
        Ok(())
    }

    /// Every attribute in canonical string form, the required ones first, extensions by name.
    pub fn attributes(&self) -> impl Iterator<Item = (&str, String)> {
        let required = [
            ("specversion", "1.0".to_owned()),
            ("id", self.id.to_string()),
            ("source", self.source.to_string()),
            ("type", self.ty.to_string()),
        ];
        let optional = [
            ("subject", self.subject.clone()),
            ("time", self.time.map(|time| time.to_string())),
            ("datacontenttype", self.data_content_type.clone()),
            ("dataschema", self.data_schema.clone()),
        ];
        required
            .into_iter()
            .chain(optional.into_iter().filter_map(|(name, value)| Some((name, value?))))
            .chain(self.extensions().map(|(name, value)| (name, value.to_owned())))
    }
}

const RESERVED: [&str; 10] = [
    "id",
    "source",
    "type",
    "specversion",
    "subject",
    "time",
    "datacontenttype",
    "dataschema",
    "data",
    "database64",
];

fn required(name: &'static str, value: Arc<str>) -> Result<Arc<str>> {
    if value.is_empty() {
        return Err(Error::new(Kind::Malformed, "a required attribute is empty or missing")
            .with("attribute", name));
    }
    if value.chars().any(char::is_control) {
        return Err(Error::new(Kind::Malformed, "an attribute value has no control characters")
            .with("attribute", name));
    }
    Ok(value)
}

fn version(found: Option<&str>) -> Result<()> {
    match found {
        Some("1.0") => Ok(()),
        Some(other) => {
            Err(Error::new(Kind::Malformed, "this CloudEvents version is not supported: send 1.0")
                .with("specversion", other))
        }
        None => Err(Error::new(Kind::Malformed, "not a CloudEvent: specversion is missing")),
    }
}
