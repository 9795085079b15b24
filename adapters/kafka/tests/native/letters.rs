//! How large a dead letter may be (T6).

use wingman_core::Kind;
use wingman_core::bus::dead_letter;
use wingman_core::message::{Headers, Message};
use wingman_core::transport::SubscriberOptions;

use crate::server::{PATIENCE, Server, take};

/// A payload of so many bytes beside a header.
fn message(header: &str, bytes: usize) -> Message {
    let mut headers = Headers::builder();
    headers.push(header, "{}").unwrap();
    Message::new(vec![b'x'; bytes]).with_headers(headers.build()).with_key("k")
}

/// The topic takes 1 MiB, we send at most 49,000 bytes of our own.
pub(crate) async fn only_the_topic_limits_a_dead_letter(server: Server) {
    let server = server.with("payload_bytes_max=1000").await;
    let publisher = server.publisher().await;
    let mut long = Headers::builder();
    long.push("long", vec![b'x'; 60_000]).unwrap();
    let batch = [
        message(dead_letter::HEADER, 900_000),
        message("another", 60_000),
        message(dead_letter::HEADER, 2 << 20),
        Message::new("").with_headers(long.build()),
        message("another", 1),
    ];
    let results = publisher.publish(&batch).await.unwrap();
    let kinds: Vec<_> = results.iter().map(|it| it.as_ref().err().map(|it| it.kind())).collect();
    let large = Some(Kind::Oversize);
    assert_eq!(kinds, [None, large, large, large, None]);
    let options = SubscriberOptions { lease: PATIENCE, ..SubscriberOptions::default() };
    let subscriber = server.transport.subscriber(&server.topic, &server.group, options).await;
    let taken = take(&*subscriber.unwrap(), 2).await;
    let bytes: Vec<_> = taken.iter().map(|delivery| delivery.message.payload.len()).collect();
    assert_eq!(bytes, [900_000, 1]);
}
