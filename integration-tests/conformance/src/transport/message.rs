//! What is published is what is delivered, and nothing else is.

use bytes::Bytes;
use wingman_core::Kind;
use wingman_core::message::{Headers, Message};
use wingman_core::transport::Confirmed;

use crate::actors::{bodies, sorted};
use crate::environment::Environment;
use crate::expect::{Failure, Verdict, delivered, equal, fails, holds};

/// The most that a case sends of a payload limit.
const LARGEST_BYTES_MAX: usize = 16 << 20;

pub(super) async fn odd_messages_survive_the_round_trip(on: &Environment) -> Verdict {
    let topic = on.topic("odd")?;
    let consumer = on.consumer(&topic, "all").await?;
    let producer = on.producer(&topic).await?;
    for (which, message) in odd_messages(on)? {
        producer.send(std::slice::from_ref(&message)).await?;
        let delivery = consumer.take_one().await?;
        equal(which, &message, &delivery.message)?;
        consumer.ack(&[delivery]).await?;
    }
    Ok(())
}

fn odd_messages(on: &Environment) -> Verdict<Vec<(&'static str, Message)>> {
    let headers = |pairs: &[(&str, &[u8])]| -> Verdict<Headers> {
        let mut builder = Headers::builder();
        for (name, value) in pairs {
            builder.push(name, value)?;
        }
        Ok(builder.build())
    };
    let any_bytes: Vec<u8> = (0..=255).collect();
    let mut odd = vec![
        ("an empty payload", Message::new("")),
        ("an empty payload with a key", Message::new("").with_key("k")),
        ("a payload of all bytes", Message::new(any_bytes.clone())),
        ("a key that is not text", Message::new("x").with_key(vec![0xff, 0x00, 0x80])),
        ("an empty header value", Message::new("x").with_headers(headers(&[("empty", b"")])?)),
        (
            "a header value that is not text",
            Message::new("x").with_headers(headers(&[("binary", &any_bytes)])?),
        ),
        (
            "a repeated header, in order",
            Message::new("x").with_headers(headers(&[("a", b"2"), ("b", b""), ("a", b"1")])?),
        ),
        (
            "a header value of Unicode text",
            Message::new("x").with_headers(headers(&[("text", "ä\u{1f9ed}".as_bytes())])?),
        ),
        (
            "a header name of Unicode text, with spaces",
            Message::new("x").with_headers(headers(&[("Größe in m²", b"1")])?),
        ),
        (
            "header names that differ by case",
            Message::new("x").with_headers(headers(&[("Case", b"1"), ("case", b"2")])?),
        ),
    ];
    let random = Message::new(on.choices().bytes(4_096)).with_key(on.choices().bytes(16));
    odd.push(("random bytes", random));
    Ok(odd)
}

pub(super) async fn the_largest_payload_survives(on: &Environment) -> Verdict {
    let topic = on.topic("large")?;
    let consumer = on.consumer(&topic, "all").await?;
    let largest = on.capabilities().limits.payload_bytes_max.min(LARGEST_BYTES_MAX);
    let payload = Bytes::from(on.choices().bytes(largest));
    let sent = Message::new(payload.clone());
    on.producer(&topic).await?.send(&[sent]).await?;
    let delivery = consumer.take_one().await?;
    equal("bytes of the largest payload", largest, delivery.message.payload.len())?;
    holds("the same bytes", delivery.message.payload == payload, "others")?;
    consumer.ack(&[delivery]).await
}

/// A payload one byte too large. It is not touched, so that it costs no memory.
fn oversize(on: &Environment) -> Message {
    Message::new(vec![0; on.capabilities().limits.payload_bytes_max + 1])
}

pub(super) async fn an_oversize_message_fails_alone_in_its_batch(on: &Environment) -> Verdict {
    let topic = on.topic("batch")?;
    let consumer = on.consumer(&topic, "all").await?;
    let producer = on.producer(&topic).await?;
    let batch = [Message::new("before"), oversize(on), Message::new("after")];
    let mut results = producer.0.publish(&batch).await?;
    equal("results of three messages", 3, results.len())?;
    holds("the last to be confirmed", results.remove(2).is_ok(), "an error")?;
    fails("the oversize one", Kind::Oversize, results.remove(1))?;
    holds("the first to be confirmed", results.remove(0).is_ok(), "an error")?;
    let taken = consumer.take(2).await?;
    delivered("deliveries", vec!["after".to_owned(), "before".to_owned()], sorted(&taken))?;
    consumer.ack(&taken).await?;
    consumer.nothing().await
}

pub(super) async fn an_oversize_message_is_refused_before_anything_is_sent(
    on: &Environment,
) -> Verdict {
    let topic = on.topic("oversize")?;
    let consumer = on.consumer(&topic, "all").await?;
    let producer = on.producer(&topic).await?;
    let mut results = producer.0.publish(&[oversize(on)]).await?;
    let refused = results.pop().ok_or_else(|| Failure::new("expected a result, seen none"))?;
    let error = fails("an oversize message", Kind::Oversize, refused)?;
    equal("its retry", Kind::Oversize.retry(), error.retry())?;
    consumer.nothing().await?;
    producer.send_bodies(&["the connection still works"]).await?;
    let delivery = consumer.take_one().await?;
    consumer.ack(&[delivery]).await
}

pub(super) async fn positions_name_messages(on: &Environment) -> Verdict {
    let topic = on.topic("positions")?;
    let consumer = on.consumer(&topic, "all").await?;
    let producer = on.producer(&topic).await?;
    let messages: Vec<_> = (0..10).map(|n: u8| Message::new(vec![b'0' + n])).collect();
    let receipts = producer.send(&messages).await?;
    let mut taken = consumer.take(10).await?;
    taken.sort_by_key(|delivery| delivery.message.payload.clone());
    for (receipt, delivery) in receipts.iter().zip(&taken) {
        let told = receipt.position.unwrap_or(delivery.position);
        equal("the position that the receipt told", told, delivery.position)?;
    }
    let mut positions: Vec<_> = taken.iter().map(|delivery| delivery.position).collect();
    positions.sort();
    positions.dedup();
    equal("different positions", 10, positions.len())?;
    consumer.ack(&taken).await
}

pub(super) async fn topics_are_isolated(on: &Environment) -> Verdict {
    let (one, other) = (on.topic("one")?, on.topic("other")?);
    let on_one = on.consumer(&one, "same").await?;
    let on_other = on.consumer(&other, "same").await?;
    on.producer(&one).await?.send_bodies(&["for one"]).await?;
    let taken = on_one.take(1).await?;
    equal("on its topic", vec!["for one".to_owned()], bodies(&taken))?;
    on_one.ack(&taken).await?;
    on_other.nothing().await
}

pub(super) async fn a_publish_that_nobody_hears_says_so(on: &Environment) -> Verdict {
    let topic = on.topic("silent")?;
    let producer = on.producer(&topic).await?;
    let unheard = producer.send(&[Message::new("unheard")]).await?;
    equal("without a group", Confirmed::NoGroup, unheard[0].confirmed)?;
    let consumer = on.consumer(&topic, "now").await?;
    let heard = producer.send(&[Message::new("heard")]).await?;
    equal("with a group", Confirmed::Stored, heard[0].confirmed)?;
    consumer.drain(1).await.map(drop)
}

pub(super) async fn is_stored_all_the_same(on: &Environment) -> Verdict {
    let topic = on.topic("silent")?;
    let receipts = on.producer(&topic).await?.send(&[Message::new("unheard")]).await?;
    equal("without a group", Confirmed::Stored, receipts[0].confirmed)
}
