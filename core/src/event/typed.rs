//! Typed payloads: what a handler takes and gives instead of envelopes.

use bytes::Bytes;
use serde::Serialize;
use serde::de::DeserializeOwned;

use crate::error::{Error, Kind, Result};

/// A payload type, by `#[derive(Event)]`: JSON in the data of a [`super::CloudEvent`].
#[diagnostic::on_unimplemented(
    message = "`{Self}` is not an event",
    note = "add `#[derive(Serialize, Deserialize, Event)]` to the struct"
)]
pub trait Event: Serialize + DeserializeOwned + Send + Sync + 'static {
    /// The CloudEvents `type`; the topic too, unless a route says otherwise.
    const TYPE: &'static str;
    /// The version of its contract.
    const VERSION: u32;
}

/// An event that a handler emits, before the bus gives it identity, tree and key.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Output {
    /// The CloudEvents `type`.
    pub ty: String,
    /// The payload.
    pub data: Bytes,
    /// The media type of the payload.
    pub data_content_type: String,
    /// What the event is about.
    pub subject: Option<String>,
    /// The ordering key; without one the key of the event that is handled is inherited.
    pub partition_key: Option<String>,
}

impl Output {
    /// An output of a typed payload.
    ///
    /// # Errors
    /// [`Kind::Malformed`] if the payload does not serialise to JSON.
    pub fn of<T: Event>(event: &T) -> Result<Self> {
        let data = serde_json::to_vec(event).map_err(|error| {
            Error::new(Kind::Malformed, "the payload does not serialise to JSON")
                .with("type", T::TYPE)
                .because(error)
        })?;
        Ok(Self::json(T::TYPE, data))
    }

    /// An output of JSON bytes.
    pub fn json(ty: impl Into<String>, data: impl Into<Bytes>) -> Self {
        Self {
            ty: ty.into(),
            data: data.into(),
            data_content_type: super::JSON.to_owned(),
            subject: None,
            partition_key: None,
        }
    }
}
