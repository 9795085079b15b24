//! Publishing: in batches by the raw client and the driver; by many callers, each of which waits for
//! its own confirm, by the raw client and the bus.

use std::time::{Duration, Instant};

use futures_util::{StreamExt, stream};
use wingman_core::message::Message;
use wingman_core::name::TopicName;

use crate::measure::{Rates, rounds, within_bounds};
use crate::place::{BATCH, Place, messages};

/// Callers that publish at once.
const CALLERS: usize = 512;
const RAW_BATCHES: usize = 0;
const DRIVER: usize = 1;
const RAW_CALLERS: usize = 2;
const BUS: usize = 3;

pub(crate) fn heading(place: &Place) -> String {
    match place.raw {
        Some(_) => "| publish | raw, batches | driver, batches (of raw) | raw, callers | bus, callers (of raw) |\n|---|---|---|---|---|\n",
        None => "| publish | driver, batches | bus, callers (of driver) |\n|---|---|---|\n",
    }
    .to_owned()
}

pub(crate) async fn row(place: &Place, payload_bytes: usize) -> String {
    let messages = messages(place.messages, payload_bytes);
    let mut rates = Rates::<4>::new();
    for round in rounds() {
        for side in Rates::<4>::turns(round) {
            if place.raw.is_none() && (side == RAW_BATCHES || side == RAW_CALLERS) {
                continue;
            }
            // Somebody listens, as messages go nowhere on some brokers else.
            let name = format!("publish-{payload_bytes}-{round}-{side}");
            let topic = place.topic(&name, &["nobody"]).await;
            let took = within_bounds(&name, run(place, side, &topic, &messages)).await;
            rates.add(side, messages.len(), took);
            place.remove(&topic).await;
        }
    }
    let what = format!("{payload_bytes} B");
    match place.raw {
        Some(_) => format!(
            "| {what} | {} | {} | {} | {} |\n",
            rates.cell(RAW_BATCHES, None),
            rates.cell(DRIVER, Some(RAW_BATCHES)),
            rates.cell(RAW_CALLERS, None),
            rates.cell(BUS, Some(RAW_CALLERS)),
        ),
        None => format!(
            "| {what} | {} | {} |\n",
            rates.cell(DRIVER, None),
            rates.cell(BUS, Some(DRIVER))
        ),
    }
}

async fn run(place: &Place, side: usize, topic: &TopicName, messages: &[Message]) -> Duration {
    match (side, &place.raw) {
        (RAW_BATCHES, Some(raw)) => {
            let started = Instant::now();
            for batch in messages.chunks(BATCH) {
                raw.publish(topic, batch).await;
            }
            started.elapsed()
        }
        (RAW_CALLERS, Some(raw)) => {
            let started = Instant::now();
            let calls = messages.chunks(1);
            stream::iter(calls).for_each_concurrent(CALLERS, |one| raw.publish(topic, one)).await;
            started.elapsed()
        }
        (DRIVER, _) => {
            let started = Instant::now();
            place.fill(topic, messages).await;
            started.elapsed()
        }
        _ => by_bus(place, topic, messages).await,
    }
}

async fn by_bus(place: &Place, topic: &TopicName, messages: &[Message]) -> Duration {
    let bus = place.bus(topic);
    let started = Instant::now();
    stream::iter(messages)
        .for_each_concurrent(CALLERS, async |message| {
            bus.publish_message(topic, message.clone()).await.unwrap();
        })
        .await;
    started.elapsed()
}

/// The bus alone.
pub(crate) async fn profile(place: &Place) {
    let topic = place.topic("profile", &["nobody"]).await;
    by_bus(place, &topic, &messages(place.messages, 1_024)).await;
    place.remove(&topic).await;
}
