//! A message as the fields of a stream entry, and back. Pure.
//!
//! Each header is a field of the same name, in order; repetition is kept. The payload is the field
//! `data`, the key, if there is one, the field `key`. A header whose own name is one of these, or
//! begins with `header:`, is written with `header:` in front, so that every message survives.

use bytes::Bytes;
use wingman_core::message::{Headers, Message};

const DATA: &str = "data";
const KEY: &str = "key";
const ESCAPE: &str = "header:";

/// Calls `field` with each name and value, the payload last.
pub(crate) fn encode(message: &Message, mut field: impl FnMut(&str, &[u8])) {
    if let Some(key) = &message.key {
        field(KEY, key);
    }
    for (name, value) in message.headers.iter() {
        if name == DATA || name == KEY || name.starts_with(ESCAPE) {
            field(&format!("{ESCAPE}{name}"), value);
        } else {
            field(name, value);
        }
    }
    field(DATA, &message.payload);
}

/// Reads the fields of an entry, whoever wrote it: without `data` the payload is empty. A name that
/// no header can have (not UTF-8, empty, above 255 bytes) is read as its escaped, shortened form.
pub(crate) fn decode(fields: impl IntoIterator<Item = (Vec<u8>, Vec<u8>)>) -> Message {
    let (mut key, mut payload) = (None, None);
    let mut headers = Headers::builder();
    for (name, value) in fields {
        match std::str::from_utf8(&name) {
            Ok(DATA) if payload.is_none() => payload = Some(Bytes::from(value)),
            Ok(KEY) if key.is_none() => key = Some(Bytes::from(value)),
            Ok(text) => {
                headers.push_foreign(text.strip_prefix(ESCAPE).unwrap_or(text), &value);
            }
            Err(_) => {
                headers.push_foreign(&name.escape_ascii().to_string(), &value);
            }
        }
    }
    Message { key, headers: headers.build(), payload: payload.unwrap_or_default() }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn fields(message: &Message) -> Vec<(Vec<u8>, Vec<u8>)> {
        let mut fields = Vec::new();
        encode(message, |name, value| fields.push((name.into(), value.to_vec())));
        fields
    }

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
            const PARTS: [&str; 8] = ["data", "key", "header:", "ce_type", "ü", " ", "a", "\0"];
            let parts = 1 + self.below(4);
            (0..parts).map(|_| PARTS[self.below(8) as usize]).collect()
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

    #[test]
    fn every_message_survives() {
        for seed in 0..5_000 {
            let message = Choices(seed).message();
            assert_eq!(decode(fields(&message)), message, "seed {seed}");
        }
    }

    #[test]
    fn an_event_reads_well_in_redis_cli() {
        let mut headers = Headers::builder();
        headers.push("ce_type", "OrderPlaced").unwrap();
        headers.push("data", "odd").unwrap();
        let message = Message::new("{}").with_key("c-7").with_headers(headers.build());
        let names: Vec<_> = fields(&message)
            .into_iter()
            .map(|(name, _)| String::from_utf8(name).unwrap())
            .collect();
        assert_eq!(names, ["key", "ce_type", "header:data", "data"]);
    }

    #[test]
    fn entries_of_others_are_read_whole() {
        let pair = |name: &[u8], value: &[u8]| (name.to_vec(), value.to_vec());
        let read = decode([
            pair(b"temperature", b"7"),
            pair(b"\xff", b"a"),
            pair(b"", b"b"),
            pair("n".repeat(300).as_bytes(), b"c"),
            pair(b"data", b"first"),
            pair(b"data", b"second"),
        ]);
        assert_eq!(read.payload, "first");
        assert_eq!(read.key, None);
        let values: Vec<_> = read.headers.iter().map(|(_, value)| value).collect();
        assert_eq!(values, [&b"7"[..], b"a", b"b", b"c", b"second"]);
        assert_eq!(read.headers.get("\\xff"), Some(&b"a"[..]));
    }
}
