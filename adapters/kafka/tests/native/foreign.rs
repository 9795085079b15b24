//! Other programs write to the same topics.

use rdkafka::message::{Header, OwnedHeaders};
use rdkafka::producer::{FutureProducer, FutureRecord};
use wingman_core::message::Message;

use crate::server::{PATIENCE, Server, ack, take};

pub(crate) async fn records_of_other_programs_are_read(server: Server) {
    let subscriber = server.join().await;
    let producer: FutureProducer = server.raw().create().unwrap();
    let headers = OwnedHeaders::new()
        .insert(Header { key: "temperature", value: Some("7") })
        .insert(Header { key: "nothing", value: None::<&str> });
    // A tombstone: a key without a payload.
    let record = FutureRecord::<str, str>::to(server.topic.as_str()).key("k").headers(headers);
    producer.send(record, PATIENCE).await.unwrap();
    let came = take(&*subscriber, 1).await;
    assert_eq!(came[0].message.headers.get_str("temperature"), Some("7"));
    assert_eq!(came[0].message.headers.get("nothing"), Some(&b""[..]));
    assert_eq!(came[0].message.key.as_deref(), Some(&b"k"[..]));
    assert!(came[0].message.payload.is_empty());
    ack(&*subscriber, &came).await;
}

/// What the Java client computes for these keys and twelve partitions: its murmur2, made positive,
/// modulo twelve (from its source, `Utils.murmur2`).
pub(crate) async fn java_clients_and_we_agree_on_a_key_s_partition(server: Server) {
    let server = server.with("partitions=12").await;
    let publisher = server.publisher().await;
    for (key, murmur2) in [("21", -973_932_308_i32), ("foobar", -790_332_482), ("abc", 479_470_107)]
    {
        let batch = [Message::new("x").with_key(key)];
        let receipt = publisher.publish(&batch).await.unwrap().remove(0).unwrap();
        let expected = u32::try_from((murmur2 & 0x7fff_ffff) % 12).unwrap();
        assert_eq!(receipt.position.unwrap().lane, expected, "{key}");
    }
}
