//! A message as a Kafka record, and back. Pure.
//!
//! Key, payload and headers are Kafka's own, in order and repeated, so that a CloudEvent in binary
//! mode is what the CloudEvents Kafka binding (section 3.2) says.

mod chunk;

use std::panic::{AssertUnwindSafe, catch_unwind};

use rdkafka::message::{BorrowedHeaders, Header, Headers as _, OwnedHeaders};
use wingman_core::message::{Headers, Message};

pub(crate) use self::chunk::Chunk;

/// The headers of a record; `None` if there are none.
pub(crate) fn encode(headers: &Headers) -> Option<OwnedHeaders> {
    if headers.is_empty() {
        return None;
    }
    let new = OwnedHeaders::new_with_capacity(headers.len());
    let insert = |all: OwnedHeaders, (key, value)| all.insert(Header { key, value: Some(value) });
    Some(headers.iter().fold(new, insert))
}

/// Reads a record, whoever wrote it; its bytes are copied into chunks. A payload or value that is
/// null is empty.
pub(crate) fn decode(
    chunk: &mut Chunk,
    key: Option<&[u8]>,
    payload: Option<&[u8]>,
    headers: Option<&BorrowedHeaders>,
) -> Message {
    Message {
        key: key.map(|key| chunk.copy(key)),
        headers: headers.map(|headers| read(chunk, headers)).unwrap_or_default(),
        payload: chunk.copy(payload.unwrap_or_default()),
    }
}

fn read(chunk: &mut Chunk, headers: &BorrowedHeaders) -> Headers {
    let builder = chunk.headers();
    for index in 0..headers.count() {
        // The client panics at a name that is not UTF-8, which others may have written.
        match catch_unwind(AssertUnwindSafe(|| headers.try_get(index))) {
            Ok(Some(header)) => {
                builder.push_foreign(header.key, header.value.unwrap_or_default());
            }
            Ok(None) => {}
            Err(_) => {
                builder.push_foreign("header:not-utf-8", b"");
            }
        }
    }
    builder.take()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// SplitMix64: the seed is printed when a round fails.
    struct Choices(u64);

    impl Choices {
        fn below(&mut self, bound: u64) -> u64 {
            self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
            let mixed = (self.0 ^ (self.0 >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
            let mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
            (mixed ^ (mixed >> 31)) % bound
        }

        fn bytes(&mut self) -> Vec<u8> {
            let count = self.below(40);
            (0..count).map(|_| self.below(256) as u8).collect()
        }

        fn name(&mut self) -> String {
            const PARTS: [&str; 6] = ["ce_type", "ü", " ", "a", "header:", "-"];
            let parts = 1 + self.below(4);
            (0..parts).map(|_| PARTS[self.below(6) as usize]).collect()
        }

        fn message(&mut self) -> Message {
            let mut headers = Headers::builder();
            for _ in 0..self.below(12) {
                headers.push(&self.name(), self.bytes()).unwrap();
            }
            let message = Message::new(self.bytes()).with_headers(headers.build());
            if self.below(2) == 0 { message.with_key(self.bytes()) } else { message }
        }
    }

    fn round_trip(chunk: &mut Chunk, message: &Message) -> Message {
        let headers = encode(&message.headers);
        let headers = headers.as_ref().map(OwnedHeaders::as_borrowed);
        decode(chunk, message.key.as_deref(), Some(&message.payload), headers)
    }

    #[test]
    fn every_message_survives() {
        let mut chunk = Chunk::default();
        for seed in 0..5_000 {
            let message = Choices(seed).message();
            assert_eq!(round_trip(&mut chunk, &message), message, "seed {seed}");
        }
    }

    #[test]
    fn records_of_others_are_read_whole() {
        let long = "n".repeat(300);
        let headers = OwnedHeaders::new()
            .insert(Header { key: "", value: Some("a") })
            .insert(Header { key: &long, value: Some("b") })
            .insert(Header { key: "null", value: None::<&str> });
        let read = decode(&mut Chunk::default(), None, None, Some(headers.as_borrowed()));
        assert!(read.payload.is_empty());
        let values: Vec<_> = read.headers.iter().map(|(_, value)| value).collect();
        assert_eq!(values, [&b"a"[..], b"b", b""]);
    }
}
