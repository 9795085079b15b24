//! The bus against the raw client on the same Redis: same payload, same durability, same acks.

use std::num::NonZeroUsize;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use futures_util::StreamExt;
use futures_util::stream;
use redis::AsyncCommands;
use wingman_core::bus::{Bus, SubscriptionOptions};
use wingman_core::event::CloudEvent;
use wingman_core::handler::IntoHandler;
use wingman_core::message::Message;

use super::{ROUNDS, print_row};

const MESSAGES: usize = 20_000;
const IN_FLIGHT: usize = 512;
const PAYLOAD_BYTES: usize = 1_024;

pub(crate) async fn table(url: &str) {
    let transport = wingman_adapters::open(url).await.unwrap();
    let client = redis::Client::open(url).unwrap();
    let (mut publish_raw, mut publish_bus) = (Vec::new(), Vec::new());
    let (mut consume_raw, mut consume_bus) = (Vec::new(), Vec::new());
    for round in 0..ROUNDS {
        let name = format!("rates-{}-{round}", std::process::id());
        let bus = Bus::new(Arc::clone(&transport));
        let topic = bus.topic_of(&name).unwrap();
        let mut raw = client.get_multiplexed_async_connection().await.unwrap();
        publish_raw.push(rate(raw_publish(&raw, &format!("{name}-raw"))).await);
        publish_bus.push(rate(bus_publish(&bus, &name)).await);
        // Both sides consume what the bus wrote.
        let _: () = raw.xgroup_create(topic.as_str(), "raw", "0").await.unwrap();
        consume_raw.push(rate(raw_consume(&client, topic.as_str())).await);
        consume_bus.push(rate(bus_consume(&bus, &name)).await);
        let _: () = raw.del((topic.as_str(), format!("{name}-raw"))).await.unwrap();
    }
    print_row("publish, 1 KiB, 512 in flight", &mut publish_raw, &mut publish_bus);
    print_row("consume, 1 KiB, ack each", &mut consume_raw, &mut consume_bus);
}

async fn rate(work: impl Future<Output = ()>) -> f64 {
    let started = Instant::now();
    work.await;
    MESSAGES as f64 / started.elapsed().as_secs_f64()
}

fn message() -> Message {
    let event = CloudEvent::new("1", "/bench", "Bench").unwrap();
    event.with_json(format!("\"{}\"", "x".repeat(PAYLOAD_BYTES - 2))).to_message().unwrap()
}

async fn raw_publish(connection: &redis::aio::MultiplexedConnection, stream_key: &str) {
    let message = message();
    stream::iter(0..MESSAGES)
        .for_each_concurrent(IN_FLIGHT, |_| {
            let mut connection = connection.clone();
            let message = &message;
            async move {
                let mut add = redis::cmd("XADD");
                add.arg(stream_key).arg("*");
                for (name, value) in message.headers.iter() {
                    add.arg(name).arg(value);
                }
                add.arg("data").arg(&message.payload[..]);
                let _: String = add.query_async(&mut connection).await.unwrap();
            }
        })
        .await;
}

async fn bus_publish(bus: &Bus, name: &str) {
    let topic = bus.topic_of(name).unwrap();
    let message = message();
    stream::iter(0..MESSAGES)
        .for_each_concurrent(IN_FLIGHT, |_| async {
            bus.publish_message(&topic, message.clone()).await.unwrap();
        })
        .await;
}

async fn raw_consume(client: &redis::Client, stream_key: &str) {
    let mut connection = client.get_multiplexed_async_connection().await.unwrap();
    let mut left = MESSAGES;
    let options = redis::streams::StreamReadOptions::default().group("raw", "one").count(256);
    while left > 0 {
        let read: redis::streams::StreamReadReply =
            connection.xread_options(&[stream_key], &[">"], &options).await.unwrap();
        let ids: Vec<String> =
            read.keys.into_iter().flat_map(|key| key.ids).map(|entry| entry.id).collect();
        let acked: usize = connection.xack(stream_key, "raw", &ids).await.unwrap();
        left -= acked;
    }
}

async fn bus_consume(bus: &Bus, name: &str) {
    let handled = Arc::new(AtomicUsize::new(0));
    let count = Arc::clone(&handled);
    let handler = move || {
        count.fetch_add(1, Ordering::Relaxed);
        async {}
    };
    let topic = bus.topic_of(name).unwrap();
    let group = bus.group_of("bus").unwrap();
    let mut options = SubscriptionOptions::new([topic], group, handler.into_handler());
    options.in_flight_max = NonZeroUsize::new(IN_FLIGHT).unwrap();
    let subscription = bus.subscribe(options).await.unwrap();
    subscription.wait_until(|status| status.counts.acked >= MESSAGES as u64).await;
    assert_eq!(handled.load(Ordering::Relaxed), MESSAGES);
    subscription.drain(Duration::from_secs(10)).await;
}
