//! Every message survives, and what others wrote is read whole.

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
        let (count, text) = (self.below(40), self.below(2) == 0);
        (0..count).map(|_| self.below(if text { 128 } else { 256 }) as u8).collect()
    }

    fn value(&mut self) -> Vec<u8> {
        if self.below(20) == 0 { vec![b'v'; self.below(3_000) as usize] } else { self.bytes() }
    }

    fn name(&mut self) -> String {
        const PARTS: [&str; 8] = ["ce_type", "ce-type", "goog", "wingman-", "ü", " ", "a", "-"];
        let parts = 1 + self.below(4);
        (0..parts).map(|_| PARTS[self.below(8) as usize]).collect()
    }

    fn message(&mut self) -> Message {
        let mut headers = Headers::builder();
        for _ in 0..self.below(14) {
            headers.push(&self.name(), self.value()).unwrap();
        }
        let message = Message::new(self.bytes()).with_headers(headers.build());
        if self.below(2) == 0 { message.with_key(self.bytes()) } else { message }
    }
}

#[test]
fn every_message_survives_within_the_limits() {
    for seed in 0..5_000 {
        let message = Choices(seed).message();
        let native = encode(&message).unwrap();
        for (name, value) in &native.attributes {
            assert!(name.len() <= NAME_BYTES_MAX && value.len() <= VALUE_BYTES_MAX, "seed {seed}");
            assert!(!name.is_empty() && !name.starts_with("goog"), "seed {seed}");
        }
        assert!(!native.data.is_empty() || !native.attributes.is_empty(), "seed {seed}");
        assert_eq!(decode(native), message, "seed {seed}");
    }
}

#[test]
fn an_event_is_what_the_binding_says() {
    let mut headers = Headers::builder();
    headers.push("ce_id", "1").unwrap().push("ce_type", "OrderPlaced").unwrap();
    headers.push("content-type", "application/json").unwrap();
    let native = encode(&Message::new("{}").with_key("c-7").with_headers(headers.build())).unwrap();
    let names: BTreeMap<_, _> = native.attributes.iter().collect();
    let names: Vec<_> = names.into_keys().collect();
    assert_eq!(names, ["ce-id", "ce-type", "content-type"], "and nothing of ours");
    assert_eq!((native.ordering_key.as_str(), &native.data[..]), ("c-7", &b"{}"[..]));
}

#[test]
fn an_event_is_read_as_the_examples_of_the_binding_write_it() {
    let native = Native::new().set_data("{}").set_attributes([
        ("ce-specversion", "1.0"),
        ("ce-id", "1"),
        ("ce-source", "/s"),
        ("ce-type", "T"),
        ("ce-datacontenttype", "application/json; charset=utf-8"),
    ]);
    let event = wingman_core::event::CloudEvent::from_message(&decode(native)).unwrap();
    assert_eq!(event.data_content_type.as_deref(), Some("application/json; charset=utf-8"));
}

#[test]
fn what_does_not_fit_is_refused() {
    let long = Message::new("x").with_key("k".repeat(1_025));
    assert_eq!(encode(&long).unwrap_err().kind(), Kind::Oversize);
    let mut headers = Headers::builder();
    headers.push("large", vec![0xff; 100 << 10]).unwrap();
    let large = Message::new("x").with_headers(headers.build());
    assert_eq!(encode(&large).unwrap_err().context("attributes"), Some("134"));
}

#[test]
fn messages_of_others_are_read_whole() {
    let native = Native::new()
        .set_data("x")
        .set_attributes([
            ("temperature", "7"),
            ("wingman-order", "no numbers"),
            ("wingman-headers", "no base64!"),
            ("wingman-key", "base64"),
        ])
        .set_ordering_key("no base64!");
    let read = decode(native);
    assert_eq!(read.key.as_deref(), Some(&b"no base64!"[..]));
    let names: Vec<_> = read.headers.iter().map(|(name, _)| name).collect();
    assert_eq!(names, ["temperature", "wingman-headers", "wingman-key", "wingman-order"]);
    let order = Native::new().set_attributes([("a", "1"), ("wingman-order", "0 1 2")]);
    let values: Vec<_> = decode(order).headers.iter().map(|(_, v)| v.to_vec()).collect();
    assert_eq!(values, [b"1".to_vec()], "an order of other headers counts for nothing");
}
