//! What is written is what is read, whoever wrote it.

use std::collections::BTreeMap;

use lapin::types::{AMQPValue, DecimalValue};

use wingman_core::message::Headers;

use super::*;

const BYTES_MAX: usize = 130_000;

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

    fn text(&mut self) -> Vec<u8> {
        let count = self.below(20);
        (0..count).map(|_| b'a' + self.below(26) as u8).collect()
    }

    fn name(&mut self) -> String {
        const PARTS: [&str; 14] = [
            "ce_",
            "ce_id",
            "ce_partitionkey",
            "content-type",
            "wingman-key",
            "wingman-order",
            "header:",
            "cloudEvents:",
            "cloudEvents_",
            "x-delivery-count",
            "CC",
            "ü",
            " ",
            "a",
        ];
        let parts = 1 + self.below(2);
        (0..parts).map(|_| PARTS[self.below(14) as usize]).collect()
    }

    fn message(&mut self) -> Message {
        let mut headers = Headers::builder();
        for _ in 0..self.below(9) {
            let value = if self.below(2) == 0 { self.bytes() } else { self.text() };
            headers.push(&self.name(), value).unwrap();
        }
        let message = Message::new(self.bytes()).with_headers(headers.build());
        match self.below(3) {
            0 => message,
            1 => message.with_key(self.bytes()),
            _ => message.with_key(self.text()),
        }
    }
}

fn decode(properties: &BasicProperties, payload: Vec<u8>, is_ours: bool) -> Incoming {
    super::decode(&mut Headers::builder(), properties, payload, is_ours)
}

fn sent(message: &Message) -> (MessageId, BasicProperties) {
    let id = MessageId::next();
    (id, encode(message, id, BYTES_MAX).unwrap().properties)
}

#[test]
fn every_message_survives() {
    for seed in 0..20_000 {
        let message = Choices(seed).message();
        let (id, properties) = sent(&message);
        let came = decode(&properties, message.payload.to_vec(), true);
        assert_eq!(came.message, message, "seed {seed}");
        assert_eq!((came.id, came.deliveries), (Some(id), None), "seed {seed}");
    }
}

#[test]
fn an_event_is_what_the_binding_says() {
    let mut event = wingman_core::event::CloudEvent::new("1", "/shop", "OrderPlaced").unwrap();
    event.subject = Some("Käse".into());
    event.set_extension("partitionkey", "c-7").unwrap();
    event.set_extension("correlationid", "t").unwrap();
    let message = event.with_json("{}").to_message().unwrap();
    let outgoing = encode(&message, MessageId::next(), BYTES_MAX).unwrap();
    assert_eq!(outgoing.routing_key.as_str(), "c-7");
    let properties = outgoing.properties;
    assert_eq!(properties.content_type().as_ref().unwrap().as_str(), "application/json");
    assert_eq!(*properties.delivery_mode(), Some(2));
    let names: Vec<_> =
        properties.headers().iter().flatten().map(|(name, _)| name.as_str()).collect();
    let attributes =
        ["correlationid", "id", "partitionkey", "source", "specversion", "subject", "type"];
    assert_eq!(names, attributes.map(|attribute| format!("cloudEvents:{attribute}")));
    assert_eq!(decode(&properties, message.payload.to_vec(), true).message, message);
}

fn foreign_table(pairs: Vec<(&str, AMQPValue)>) -> BasicProperties {
    let table: BTreeMap<_, _> = pairs.into_iter().map(|(name, it)| (name.into(), it)).collect();
    BasicProperties::default().with_headers(table.into())
}

#[test]
fn events_of_other_programs_are_read() {
    let text = |text: &str| AMQPValue::LongString(text.into());
    let properties = foreign_table(vec![
        ("cloudEvents_specversion", text("1.0")),
        ("cloudEvents_id", text("7")),
        ("cloudEvents_source", text("/py")),
        ("cloudEvents_type", text("T")),
        ("cloudEvents_time", AMQPValue::Timestamp(1_700_000_000)),
        ("cloudEvents_partitionkey", text("k")),
    ])
    .with_content_type("application/json".into());
    let came = decode(&properties, b"{}".to_vec(), true);
    assert_eq!(came.message.key.as_deref(), Some(&b"k"[..]));
    let event = wingman_core::event::CloudEvent::from_message(&came.message).unwrap();
    assert_eq!((event.id(), event.ty()), ("7", "T"));
    assert_eq!(event.time.unwrap().to_string(), "2023-11-14T22:13:20Z");
    assert_eq!(event.data_content_type.as_deref(), Some("application/json"));
}

#[test]
fn events_of_knative_and_times_in_milliseconds_are_read() {
    let text = |text: &str| AMQPValue::LongString(text.into());
    let properties = foreign_table(vec![
        ("ce-specversion", text("1.0")),
        ("ce-id", text("7")),
        ("ce-source", text("/py")),
        ("ce-type", text("T")),
        ("ce-count", AMQPValue::LongLongInt(1_700_000_000_123)),
        ("cloudEvents_time", AMQPValue::LongLongInt(1_700_000_000_123)),
    ]);
    let came = decode(&properties, Vec::new(), true).message;
    let event = wingman_core::event::CloudEvent::from_message(&came).unwrap();
    assert_eq!(event.time.unwrap().to_string(), "2023-11-14T22:13:20.123Z");
    assert_eq!(event.extension("count"), Some("1700000000123"));
}

#[test]
fn messages_of_other_programs_are_read_whole() {
    let table: BTreeMap<_, _> = [("a".into(), AMQPValue::LongInt(1))].into();
    let array =
        vec![AMQPValue::Boolean(true), AMQPValue::FieldTable(table.into()), AMQPValue::Void];
    let properties = foreign_table(vec![
        ("", AMQPValue::LongLongInt(-7)),
        ("decimal", AMQPValue::DecimalValue(DecimalValue { scale: 2, value: 150 })),
        ("each", AMQPValue::FieldArray(array.into())),
        ("x-delivery-count", AMQPValue::LongLongInt(3)),
    ])
    .with_message_id("order-7".into())
    .with_type("Order".into())
    .with_timestamp(0);
    let came = decode(&properties, Vec::new(), true);
    assert_eq!(came.deliveries, Some(3));
    assert_eq!(came.id, Some(MessageId::of("order-7")));
    assert_eq!(came.message.key, None);
    let seen: Vec<_> = came
        .message
        .headers
        .iter()
        .map(|(name, value)| format!("{name}={}", String::from_utf8_lossy(value)))
        .collect();
    let expected = [
        "header:=-7",
        "decimal=1.5",
        "each=true",
        "each={\"a\":1}",
        "each=",
        "amqp:message-id=order-7",
        "amqp:type=Order",
        "amqp:timestamp=1970-01-01T00:00:00Z",
    ];
    assert_eq!(seen, expected);
    assert_eq!(decode(&BasicProperties::default(), b"x".to_vec(), true).id, None);
    // Of the form of ours: on a team's queue it is the team's all the same.
    let properties =
        BasicProperties::default().with_message_id("0123456789abcdef0123456789abcdef".into());
    for (is_ours, shown) in [(true, None), (false, Some("0123456789abcdef0123456789abcdef"))] {
        let headers = decode(&properties, Vec::new(), is_ours).message.headers;
        assert_eq!(headers.get_str("amqp:message-id"), shown);
    }
}

#[test]
fn an_order_that_is_not_one_is_left_aside() {
    for wrong in ["0 0", "1", "5 0", "b a", ""] {
        let properties = foreign_table(vec![
            ("b", AMQPValue::LongString("2".into())),
            ("a", AMQPValue::LongString("1".into())),
            ("wingman-order", AMQPValue::LongString(wrong.into())),
        ]);
        let came = decode(&properties, Vec::new(), true);
        let names: Vec<_> = came.message.headers.iter().map(|(name, _)| name).collect();
        assert_eq!(names, ["a", "b"], "{wrong:?}");
    }
}

#[test]
fn headers_that_do_not_fit_a_frame_are_refused() {
    let with = |name: &str, value: Vec<u8>| {
        let mut headers = Headers::builder();
        headers.push(name, value).unwrap();
        Message::new("").with_headers(headers.build())
    };
    let refused =
        |message: &Message| encode(message, MessageId::next(), BYTES_MAX).unwrap_err().kind();
    assert_eq!(refused(&with("a", vec![b'x'; BYTES_MAX])), Kind::Oversize);
    assert_eq!(refused(&with(&format!("ce_{}", "n".repeat(252)), Vec::new())), Kind::Oversize);
    assert_eq!(refused(&Message::new("").with_key(vec![0; BYTES_MAX])), Kind::Oversize);
    sent(&with("a", vec![b'x'; BYTES_MAX - 100]));
}
