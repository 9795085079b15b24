//! Message headers in one block of bytes, so that a message costs one allocation for all of them.

use std::fmt;

use bytes::{Bytes, BytesMut};
use smallvec::SmallVec;

use crate::error::{Error, Kind, Result};

/// The longest header name in bytes.
const NAME_BYTES_MAX: usize = 255;

/// Stands in front of a foreign name that no header can have, and what is kept of such a name.
const FOREIGN: &str = "header:";
const FOREIGN_NAME_CHARS: usize = 50;

/// Ordered headers: text names, byte values. Cloning copies no bytes.
#[derive(Clone, Default)]
pub struct Headers {
    block: Bytes,
    spans: SmallVec<[Span; 8]>,
}

#[derive(Debug, Clone, Copy)]
struct Span {
    start: u32,
    name: u8,
    value: u32,
}

impl Headers {
    /// No headers.
    pub fn new() -> Self {
        Self::default()
    }

    /// Starts a block.
    pub fn builder() -> HeadersBuilder {
        HeadersBuilder::default()
    }

    /// The value of the first header of this name (exact case).
    pub fn get(&self, name: &str) -> Option<&[u8]> {
        self.parts().find(|(key, _)| *key == name.as_bytes()).map(|(_, value)| value)
    }

    /// The value of the first header of this name, if it is UTF-8.
    pub fn get_str(&self, name: &str) -> Option<&str> {
        self.get(name).and_then(|value| std::str::from_utf8(value).ok())
    }

    /// Names and values in the order they were added.
    pub fn iter(&self) -> impl Iterator<Item = (&str, &[u8])> {
        // Names were text when they were added, and spans never cross them.
        self.parts().map(|(name, value)| (std::str::from_utf8(name).unwrap_or_default(), value))
    }

    /// The same, without a look at whether names are text.
    fn parts(&self) -> impl Iterator<Item = (&[u8], &[u8])> {
        self.spans.iter().map(|span| {
            let name = span.start as usize;
            let value = name + span.name as usize;
            (&self.block[name..value], &self.block[value..value + span.value as usize])
        })
    }

    /// A copy that shares no memory with these.
    pub(super) fn detached(&self) -> Self {
        Self { block: Bytes::copy_from_slice(&self.block), spans: self.spans.clone() }
    }

    /// How many there are.
    pub fn len(&self) -> usize {
        self.spans.len()
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.spans.is_empty()
    }

    /// Bytes of all names and values.
    pub fn size_bytes(&self) -> usize {
        self.block.len()
    }
}

impl PartialEq for Headers {
    fn eq(&self, other: &Self) -> bool {
        self.parts().eq(other.parts())
    }
}

impl Eq for Headers {}

impl fmt::Debug for Headers {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_map()
            .entries(self.iter().map(|(name, value)| (name, value.escape_ascii().to_string())))
            .finish()
    }
}

/// Collects headers.
#[derive(Debug, Default)]
pub struct HeadersBuilder {
    block: BytesMut,
    spans: SmallVec<[Span; 8]>,
}

impl HeadersBuilder {
    /// Adds a header after the ones that are there.
    ///
    /// # Errors
    /// [`Kind::InvalidName`] for a name of 0 or more than 255 bytes; [`Kind::Oversize`] if the
    /// block would pass 4 GiB.
    pub fn push(&mut self, name: &str, value: impl AsRef<[u8]>) -> Result<&mut Self> {
        let value = value.as_ref();
        if name.is_empty() || name.len() > NAME_BYTES_MAX {
            return Err(Error::new(Kind::InvalidName, "a header name has 1 to 255 bytes")
                .with("bytes", name.len()));
        }
        let too_large = |_| Error::new(Kind::Oversize, "the headers are larger than 4 GiB");
        u32::try_from(self.block.len() + name.len() + value.len()).map_err(too_large)?;
        self.spans.push(Span {
            start: self.block.len() as u32,
            name: name.len() as u8,
            value: value.len() as u32,
        });
        self.block.extend_from_slice(name.as_bytes());
        self.block.extend_from_slice(value);
        Ok(self)
    }

    /// Adds a header that some foreign program wrote. A name that none of ours can have is kept as
    /// `header:` and its first 50 characters, so that no message is refused for it.
    pub fn push_foreign(&mut self, name: &str, value: impl AsRef<[u8]>) -> &mut Self {
        if self.push(name, &value).is_err() {
            let short: String = name.chars().take(FOREIGN_NAME_CHARS).collect();
            // At most 207 bytes and never empty: it fits whatever the name was.
            let _ = self.push(&format!("{FOREIGN}{short}"), &value);
        }
        self
    }

    /// The finished headers.
    pub fn build(self) -> Headers {
        Headers { block: self.block.freeze(), spans: self.spans }
    }

    /// Starts a builder that makes the headers of many messages, by [`Self::take`]: one allocation of
    /// so many bytes holds as many of their blocks as fit. Each keeps all of it alive: headers that are
    /// held for long are to be detached, with their message.
    pub fn with_room_for_many(bytes: usize) -> Self {
        Self { block: BytesMut::with_capacity(bytes), spans: SmallVec::new() }
    }

    /// The finished headers, which leave their room to those of the next message.
    pub fn take(&mut self) -> Headers {
        Headers { block: self.block.split().freeze(), spans: std::mem::take(&mut self.spans) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn order_repetition_and_odd_values_are_kept() {
        let mut builder = Headers::builder();
        builder.push("a", "1").unwrap().push("ü", [0xff, 0x00]).unwrap().push("a", "").unwrap();
        let headers = builder.build();
        let seen: Vec<_> = headers.iter().collect();
        assert_eq!(seen, [("a", &b"1"[..]), ("ü", &[0xff, 0x00][..]), ("a", &b""[..])]);
        assert_eq!(headers.get("a"), Some(&b"1"[..]));
        assert_eq!(headers.get_str("ü"), None);
        assert_eq!(headers.size_bytes(), 7);
    }

    #[test]
    fn headers_of_many_messages_share_one_block() {
        let mut many = HeadersBuilder::with_room_for_many(64);
        let each: Vec<_> = (0..100)
            .map(|nth: u32| {
                many.push("nth", nth.to_string()).unwrap().push("a", "").unwrap();
                many.take()
            })
            .collect();
        assert_eq!(each[0].block.as_ptr().wrapping_add(5), each[1].block.as_ptr());
        for (nth, headers) in each.iter().enumerate() {
            let nth = nth.to_string();
            assert!(headers.iter().eq([("nth", nth.as_bytes()), ("a", b"")]));
        }
        assert!(many.take().is_empty());
    }

    #[test]
    fn a_name_that_no_broker_takes_is_refused() {
        for name in [String::new(), "n".repeat(256)] {
            let error = Headers::builder().push(&name, "").unwrap_err().kind();
            assert_eq!(error, Kind::InvalidName);
        }
    }

    #[test]
    fn a_foreign_name_that_no_header_has_is_kept_shortened() {
        let mut builder = Headers::builder();
        builder.push_foreign("", "1").push_foreign(&"ü".repeat(200), "2").push_foreign("a", "3");
        let headers = builder.build();
        let long = format!("header:{}", "ü".repeat(50));
        let seen: Vec<_> = headers.iter().collect();
        assert_eq!(seen, [("header:", &b"1"[..]), (&long, b"2"), ("a", b"3")]);
    }
}
