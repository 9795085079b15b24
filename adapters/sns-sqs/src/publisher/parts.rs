//! What goes into one call of SNS.

use wingman_core::message::Message;
use wingman_core::{Error, Kind, Result};

use crate::codec::{self, Written};
use crate::config::MESSAGE_BYTES_MAX;

/// Entries of one call (SNS API, "PublishBatch").
const PART_ENTRIES_MAX: usize = 10;

/// A message, written, with the group that it is ordered in.
#[derive(Debug)]
pub(super) struct Entry {
    pub(super) written: Written,
    pub(super) group: String,
}

impl Entry {
    /// # Errors
    /// `Oversize` if the service takes no message of this size.
    pub(super) fn of(message: &Message) -> Result<Self> {
        let written = codec::encode(message)?;
        let bytes = written.size_bytes();
        if bytes > MESSAGE_BYTES_MAX {
            let why =
                "the message is too large once it is text: send a reference, or fewer headers";
            return Err(Error::new(Kind::Oversize, why)
                .during("publish")
                .with("bytes", bytes)
                .with("bytes_max", MESSAGE_BYTES_MAX));
        }
        Ok(Self { written, group: codec::group_of(message.key.as_deref())? })
    }
}

/// Entries in order, at most ten and 256 KiB together.
pub(super) fn parts(mut rest: &[Entry]) -> impl Iterator<Item = &[Entry]> {
    std::iter::from_fn(move || {
        let mut bytes = 0;
        let fits = rest.iter().take(PART_ENTRIES_MAX).take_while(|entry| {
            bytes += entry.written.size_bytes();
            bytes <= MESSAGE_BYTES_MAX
        });
        let (part, after) = rest.split_at(fits.count().max(1).min(rest.len()));
        rest = after;
        (!part.is_empty()).then_some(part)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sizes(entries: &[Entry]) -> Vec<usize> {
        parts(entries).map(<[Entry]>::len).collect()
    }

    fn entries(count: usize, payload_bytes: usize) -> Vec<Entry> {
        let message = Message::new(vec![b'x'; payload_bytes]);
        (0..count).map(|_| Entry::of(&message).unwrap()).collect()
    }

    #[test]
    fn a_part_has_at_most_ten_entries_and_256_kib() {
        assert_eq!(sizes(&entries(0, 1)), [0; 0]);
        assert_eq!(sizes(&entries(25, 1)), [10, 10, 5]);
        assert_eq!(sizes(&entries(5, 100 << 10)), [2, 2, 1]);
        assert_eq!(sizes(&entries(2, 180 << 10)), [1, 1]);
    }

    #[test]
    fn size_counts_once_the_message_is_text() {
        let oversize = |message: Message| Entry::of(&message).map(drop).unwrap_err().kind();
        assert_eq!(oversize(Message::new(vec![b'x'; MESSAGE_BYTES_MAX])), Kind::Oversize);
        assert_eq!(oversize(Message::new(vec![0xff; MESSAGE_BYTES_MAX * 3 / 4])), Kind::Oversize);
        assert!(Entry::of(&Message::new(vec![0xff; 190 << 10])).is_ok());
        let mut headers = wingman_core::message::Headers::builder();
        headers.push("large", vec![b'x'; 80 << 10]).unwrap();
        let message = Message::new(vec![b'x'; 180 << 10]).with_headers(headers.build());
        assert_eq!(oversize(message), Kind::Oversize);
    }
}
