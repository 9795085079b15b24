//! Consuming and acking what lies there: by the raw client, the driver, the bus with a handler that
//! takes nothing, with one that decodes the payload, and behind a governor.

use std::num::NonZeroUsize;
use std::sync::Arc;
use std::time::Duration;

use tempfile::TempDir;
use wingman_core::bus::SubscriptionOptions;
use wingman_core::event::Event as _;
use wingman_core::handler::{Handler, Incoming, IntoHandler};
use wingman_core::name::TopicName;
use wingman_core::transport::{Settle, SubscriberOptions};
use wingman_governance::Governor;
use wingman_governance::contract::{Contracts, EventContract, HandlerContract};

use crate::measure::{Rates, Watch, rounds, within_bounds};
use crate::place::{Asked, Place, group_of, messages};

/// Deliveries in one call, as the bus takes them by default.
pub(crate) const TAKEN_MAX: NonZeroUsize = NonZeroUsize::new(256).unwrap();
/// Governed executions of one round.
const GOVERNED_MAX: usize = 5_000;
/// The sides, which are the groups that they read for.
const SIDES: [&str; 5] = ["raw", "driver", "bus", "typed", "governed"];
const RAW: usize = 0;
const DRIVER: usize = 1;
const BUS: usize = 2;
const TYPED: usize = 3;
const GOVERNED: usize = 4;

pub(crate) fn heading(place: &Place) -> String {
    match place.raw {
        Some(_) => "| consume | raw | driver (of raw) | bus (of raw) | typed handler (of raw) | governed (of the lower) |\n|---|---|---|---|---|---|\n",
        None => "| consume | driver | bus (of driver) | typed handler (of driver) | governed (of the lower) |\n|---|---|---|---|---|\n",
    }
    .to_owned()
}

/// `bare` is the rate of the bare database.
pub(crate) async fn row(place: &Place, payload_bytes: usize, bare: f64) -> String {
    let messages = messages(place.messages, payload_bytes);
    let mut rates = Rates::<5>::new();
    for round in rounds() {
        let topic = place.topic(&format!("consume-{payload_bytes}-{round}"), &SIDES).await;
        place.fill(&topic, &messages).await;
        for side in Rates::<5>::turns(round) {
            if side == RAW && place.raw.is_none() {
                continue;
            }
            let count =
                messages.len().min(if side == GOVERNED { GOVERNED_MAX } else { usize::MAX });
            let what = format!("consuming {payload_bytes} bytes, {}", SIDES[side]);
            let took = within_bounds(&what, run(place, side, &topic, count)).await;
            rates.add(side, count, took);
        }
        place.remove(&topic).await;
    }
    let base = if place.raw.is_some() { RAW } else { DRIVER };
    let mut cells = vec![format!("{payload_bytes} B"), rates.cell(base, None)];
    cells.extend((base + 1..GOVERNED).map(|side| rates.cell(side, Some(base))));
    let ratio = rates.ratio_to_lower(GOVERNED, TYPED, bare);
    cells.push(format!("{:.0} ({ratio:.2})", rates.median(GOVERNED)));
    format!("| {} |\n", cells.join(" | "))
}

async fn run(place: &Place, side: usize, topic: &TopicName, count: usize) -> Duration {
    match (side, &place.raw) {
        (RAW, Some(raw)) => raw.consume(topic, &group_of(SIDES[RAW]), count).await,
        (GOVERNED, _) => governed(place, topic, count).await,
        (BUS | TYPED, _) => by_bus(place, topic, side, count).await,
        _ => by_driver(place, topic, count).await,
    }
}

async fn by_driver(place: &Place, topic: &TopicName, count: usize) -> Duration {
    let options = SubscriberOptions::default();
    let subscriber = place.transport.subscriber(topic, &group_of("driver"), options).await.unwrap();
    let (watch, mut left) = (Watch::default(), count);
    while left > 0 {
        let taken = subscriber.receive(TAKEN_MAX, Duration::from_secs(1)).await.unwrap();
        if taken.is_empty() {
            continue;
        }
        watch.start();
        let acks: Vec<_> = taken.into_iter().map(|it| (it.token, Settle::Ack)).collect();
        for settled in subscriber.settle(&acks).await.unwrap() {
            settled.unwrap();
            left -= 1;
        }
    }
    let took = watch.elapsed();
    subscriber.close().await.unwrap();
    took
}

/// The handlers do nothing but what their arguments ask for.
fn handler(side: usize, watch: &Arc<Watch>) -> Arc<dyn Handler> {
    let watch = Arc::clone(watch);
    match side {
        BUS => (move || {
            watch.start();
            async {}
        })
        .into_handler(),
        _ => (move |asked: Incoming<Asked>| {
            watch.start();
            std::hint::black_box(&asked.text);
            async {}
        })
        .into_handler(),
    }
}

async fn by_bus(place: &Place, topic: &TopicName, side: usize, count: usize) -> Duration {
    let watch = Arc::new(Watch::default());
    let (bus, group) = (place.bus(topic), group_of(SIDES[side]));
    let options = SubscriptionOptions::new([topic.clone()], group, handler(side, &watch));
    let subscription = bus.subscribe(options).await.unwrap();
    subscription.wait_until(|status| status.counts.acked >= count as u64).await;
    let took = watch.elapsed();
    subscription.drain(Duration::from_secs(10)).await;
    took
}

async fn governed(place: &Place, topic: &TopicName, count: usize) -> Duration {
    let watch = Arc::new(Watch::default());
    let folder = TempDir::new().unwrap();
    let ledger = format!("sqlite://{}", folder.path().join("ledger.db").display());
    let contracts = Contracts::builder()
        .event(EventContract::new(Asked::TYPE, 1).purpose("A question").external())
        .handler(HandlerContract::new(SIDES[GOVERNED]).mission("Answer").consumes(Asked::TYPE))
        .build()
        .unwrap();
    let running = Governor::around(place.bus(topic), &ledger)
        .contracts(Arc::new(contracts))
        .handle(SIDES[GOVERNED], handler(GOVERNED, &watch))
        .start()
        .await
        .unwrap();
    let subscription = &running.subscriptions()[0];
    subscription.wait_until(|status| status.counts.acked >= count as u64).await;
    let took = watch.elapsed();
    running.stop_within(Duration::from_secs(10)).await;
    took
}

/// One side alone: `driver`, or the bus with a handler that takes nothing.
pub(crate) async fn profile(place: &Place, what: &str) {
    let side = if what == SIDES[DRIVER] { DRIVER } else { BUS };
    let topic = place.topic("profile", &[SIDES[side]]).await;
    place.fill(&topic, &messages(place.messages, 1_024)).await;
    run(place, side, &topic, place.messages).await;
    place.remove(&topic).await;
}
