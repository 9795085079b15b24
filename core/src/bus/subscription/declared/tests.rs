//! Attributes are where they are declared to be, and a message that lacks one says which.

use super::*;
use crate::clock::Timestamp;
use crate::message::Headers;
use crate::transport::{AckToken, Generation, Position};

fn delivery(
    payload: &'static str,
    headers: &[(&str, &str)],
    key: Option<&'static str>,
) -> Delivery {
    let mut all = Headers::builder();
    for (name, value) in headers {
        all.push(name, value.as_bytes()).unwrap();
    }
    let mut message = Message::new(payload).with_headers(all.build());
    message.key = key.map(|key| bytes::Bytes::from_static(key.as_bytes()));
    Delivery {
        message,
        position: Position { lane: 1, major: 2, minor: 3 },
        token: AckToken {
            generation: Generation::next(),
            lane: 0,
            position: 0,
            sequence: 0,
            handle: None,
        },
        attempt: None,
        received: Timestamp::from_millis(0),
        lease: None,
    }
}

fn topic() -> TopicName {
    TopicName::existing("shop:orders").unwrap()
}

fn pointer(to: &str) -> Place {
    Place::Pointer(to.to_owned())
}

fn header(name: &str) -> Place {
    Place::Header(name.to_owned())
}

#[test]
fn what_is_not_declared_comes_from_position_and_key() {
    let declared = Declared::json("Order", "/legacy");
    let event = declared.event(&topic(), &delivery("{}", &[], Some("k"))).unwrap();
    assert_eq!((event.id(), event.source(), event.ty()), ("shop:orders/1/2-3", "/legacy", "Order"));
    assert_eq!((event.partition_key(), event.is_json()), (Some("k"), true));
    // A key that nobody declared is no reason to refuse: a number's bytes may be text with controls.
    let event = declared.event(&topic(), &delivery("{}", &[], Some("\0\0\x07"))).unwrap();
    assert_eq!(event.partition_key(), None);
}

#[test]
fn each_attribute_is_read_where_it_is_declared() {
    let declared = Declared::json("Order", "/legacy")
        .ty(header("kind"))
        .source(Place::Key)
        .id(pointer("/order/id"))
        .key(pointer("/lines/0"));
    let body = "{\"order\":{\"id\":7},\"lines\":[\"tea\"]}";
    let event =
        declared.event(&topic(), &delivery(body, &[("kind", "Paid")], Some("/eu"))).unwrap();
    assert_eq!((event.id(), event.source(), event.ty()), ("7", "/eu", "Paid"));
    assert_eq!(event.partition_key(), Some("tea"));
    assert_eq!(event.data.as_deref(), Some(body.as_bytes()));
}

/// Rounded, two events would be one, and the second would never be handled.
#[test]
fn ids_of_many_digits_stay_apart() {
    let declared = Declared::json("Order", "/legacy").id(pointer("/id")).key(pointer("/id"));
    for id in ["18446744073709551616", "18446744073709551617"] {
        let body = format!("{{\"id\":{id}}}").leak();
        let event = declared.event(&topic(), &delivery(body, &[], None)).unwrap();
        assert_eq!((event.id(), event.partition_key()), (id, Some(id)));
    }
}

#[test]
fn bytes_pass_with_their_own_content_type_or_the_declared_one() {
    let declared = Declared::bytes("Order", "/legacy", "application/avro");
    let bare = declared.event(&topic(), &delivery("\u{1}x", &[], None)).unwrap();
    assert_eq!(bare.data_content_type.as_deref(), Some("application/avro"));
    assert_eq!(bare.data.as_deref(), Some(&b"\x01x"[..]));
    let named = delivery("x", &[("content-type", "application/protobuf")], None);
    let named = declared.event(&topic(), &named).unwrap();
    assert_eq!(named.data_content_type.as_deref(), Some("application/protobuf"));
}

#[test]
fn a_payload_may_stand_in_a_header() {
    let declared = Declared::json("Order", "/legacy").payload_in("body").id(pointer("/id"));
    let event = declared.event(&topic(), &delivery("", &[("body", "{\"id\":\"a\"}")], None));
    let event = event.unwrap();
    assert_eq!((event.id(), event.data.as_deref()), ("a", Some(&b"{\"id\":\"a\"}"[..])));
    let error = declared.event(&topic(), &delivery("{}", &[], None)).unwrap_err();
    assert_eq!((error.kind(), error.context("header")), (Kind::Malformed, Some("body")));
}

#[test]
fn what_is_missing_is_named_with_its_place() {
    let json = || Declared::json("Order", "/legacy");
    for (declared, body, parts) in [
        (json().id(pointer("/id")), "{\"id\":null}", ["attribute id", "pointer /id"]),
        (json().id(pointer("/id")), "{\"id\":\"\"}", ["attribute id", "pointer /id"]),
        (json().ty(header("kind")), "{}", ["attribute type", "header kind"]),
        (json().key(Place::Key), "{}", ["attribute key", "the key"]),
        (json(), "no", ["not JSON", "position 1/2-3"]),
    ] {
        let error = declared.event(&topic(), &delivery(body, &[], None)).unwrap_err();
        assert_eq!(error.kind(), Kind::Malformed);
        for part in parts {
            assert!(error.to_string().contains(part), "{error}");
        }
    }
}
