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
const SIDES: [&str; 6] = ["raw", "kept", "driver", "bus", "typed", "governed"];
const RAW: usize = 0;
const KEPT: usize = 1;
const DRIVER: usize = 2;
const BUS: usize = 3;
const TYPED: usize = 4;
const GOVERNED: usize = 5;

/// The side that the others are compared with: the one that does the same work with the least above it.
fn base(place: &Place) -> usize {
    match &place.raw {
        Some(raw) if raw.lends() => KEPT,
        Some(_) => RAW,
        None => DRIVER,
    }
}

/// The sides that are there.
fn sides(place: &Place) -> impl Iterator<Item = usize> {
    let first = if place.raw.is_some() { RAW } else { DRIVER };
    let base = base(place);
    (first..SIDES.len()).filter(move |side| *side != KEPT || base == KEPT)
}

pub(crate) fn heading(place: &Place) -> String {
    let base = base(place);
    let name = |side: usize| match side {
        RAW if base == KEPT => "raw, where it lies",
        RAW => "raw",
        KEPT => "raw, kept",
        TYPED => "typed handler",
        side => SIDES[side],
    };
    let of = |side: usize| match side {
        GOVERNED => " (of the lower)".to_owned(),
        side if side == base => String::new(),
        _ => format!(" (of {})", name(base)),
    };
    let cells: Vec<_> = sides(place).map(|side| format!("{}{}", name(side), of(side))).collect();
    format!("| consume | {} |\n|---|{}\n", cells.join(" | "), "---|".repeat(cells.len()))
}

/// `bare` is the rate of the bare database.
pub(crate) async fn row(place: &Place, payload_bytes: usize, bare: f64) -> String {
    let messages = messages(place.consumed, payload_bytes);
    let mut rates = Rates::<6>::new();
    let sides: Vec<_> = sides(place).collect();
    for round in rounds() {
        let topic = place.topic(&format!("consume-{payload_bytes}-{round}"), &SIDES).await;
        place.fill(&topic, &messages).await;
        for side in Rates::<6>::turns(round).filter(|side| sides.contains(side)) {
            let count =
                messages.len().min(if side == GOVERNED { GOVERNED_MAX } else { usize::MAX });
            let what = format!("consuming {payload_bytes} bytes, {}", SIDES[side]);
            let took = within_bounds(&what, run(place, side, &topic, count)).await;
            rates.add(side, count, took);
        }
        place.remove(&topic).await;
    }
    let base = base(place);
    let cells = sides.into_iter().map(|side| match side {
        GOVERNED => {
            let ratio = rates.ratio_to_lower(GOVERNED, TYPED, bare);
            format!("{:.0} ({ratio:.2})", rates.median(GOVERNED))
        }
        side => rates.cell(side, (side != base).then_some(base)),
    });
    format!("| {payload_bytes} B | {} |\n", cells.collect::<Vec<_>>().join(" | "))
}

async fn run(place: &Place, side: usize, topic: &TopicName, count: usize) -> Duration {
    let group = group_of(SIDES[side]);
    match (side, &place.raw) {
        (RAW, Some(raw)) => raw.consume(topic, &group, count).await,
        (KEPT, Some(raw)) => raw.consume_to_keep(topic, &group, count).await,
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

/// One side alone, by its name. Another process publishes, so that a profiler sees nothing of that.
pub(crate) async fn profile(place: &Place, what: &str, url: &str) {
    let side = SIDES.iter().position(|side| *side == what).expect("a side's name");
    let topic = place.topic("profile", &[SIDES[side]]).await;
    let publisher = std::env::current_exe().unwrap();
    let words = ["profile", "fill", url, topic.as_str()];
    assert!(std::process::Command::new(publisher).args(words).status().unwrap().success());
    let count = place.consumed.min(if side == GOVERNED { GOVERNED_MAX } else { usize::MAX });
    run(place, side, &topic, count).await;
    place.remove(&topic).await;
}

/// What is to be consumed where only that is looked at.
pub(crate) async fn fill(place: &Place, topic: &str) {
    let topic = TopicName::new(topic).unwrap();
    place.fill(&topic, &messages(place.consumed, 1_024)).await;
}
