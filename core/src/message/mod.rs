//! What a broker carries: key, headers, payload.

mod headers;

use bytes::Bytes;

pub use headers::{Headers, HeadersBuilder};

/// One message. Cloning copies no bytes.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Message {
    /// The ordering key: messages of one key are handled in publish order (T3). `None` is unordered.
    pub key: Option<Bytes>,
    /// Names are text, values are bytes; order and repetition are kept.
    pub headers: Headers,
    /// The body; may be empty.
    pub payload: Bytes,
}

impl Message {
    /// A message with a payload, without key and headers.
    pub fn new(payload: impl Into<Bytes>) -> Self {
        Self { payload: payload.into(), ..Self::default() }
    }

    /// Sets the ordering key.
    #[must_use]
    pub fn with_key(mut self, key: impl Into<Bytes>) -> Self {
        self.key = Some(key.into());
        self
    }

    /// Sets the headers.
    #[must_use]
    pub fn with_headers(mut self, headers: Headers) -> Self {
        self.headers = headers;
        self
    }

    /// A copy that shares no memory with this message.
    #[must_use]
    pub fn detached(&self) -> Self {
        Self {
            key: self.key.as_deref().map(Bytes::copy_from_slice),
            headers: self.headers.detached(),
            payload: Bytes::copy_from_slice(&self.payload),
        }
    }

    /// Bytes of key, headers and payload together, as limits and back-pressure count them.
    pub fn size_bytes(&self) -> usize {
        self.key.as_ref().map_or(0, Bytes::len) + self.headers.size_bytes() + self.payload.len()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_detached_message_is_equal_and_shares_nothing() {
        let chunk = Bytes::from(vec![7; 64]);
        let mut headers = Headers::builder();
        headers.push("a", "1").unwrap();
        let message = Message::new(chunk.slice(..8))
            .with_key(chunk.slice(8..9))
            .with_headers(headers.build());
        let detached = message.detached();
        assert_eq!(detached, message);
        assert!(!chunk.is_unique());
        drop(message);
        assert!(chunk.is_unique(), "the copy pins nothing");
    }
}
