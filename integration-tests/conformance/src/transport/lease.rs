//! A delivery is ours while its lease lasts or our subscriber lives, and comes back then.

use std::time::Duration;

use wingman_core::name::TopicName;
use wingman_core::transport::{Delivery, Settle};
use wingman_core::{Error, Kind};

use crate::actors::Consumer;
use crate::environment::Environment;
use crate::expect::{Failure, Verdict, equal, fails, holds};

pub(super) async fn an_unsettled_delivery_comes_back_after_its_lease(on: &Environment) -> Verdict {
    let topic = on.topic("lease")?;
    let one = on.short_consumer(&topic, "all").await?;
    let clock = on.clock();
    let asked = clock.now();
    on.producer(&topic).await?.send_bodies(&["a"]).await?;
    let first = one.take_one().await?;
    let lease = first.lease.ok_or_else(|| Failure::new("expected a lease, seen none"))?;
    let two = on.short_consumer(&topic, "all").await?;
    let mut again = Vec::new();
    let deadline = clock.now() + lease + on.timing().patience;
    while again.is_empty() && clock.now() < deadline {
        // The broker may hand it to either of the two.
        again = two.subscriber.receive(crate::actors::at_most(1), on.timing().quiet).await?;
        if again.is_empty() {
            again = one.subscriber.receive(crate::actors::at_most(1), on.timing().quiet).await?;
        }
    }
    let waited = clock.now() - asked;
    equal("deliveries after the lease", 1, again.len())?;
    equal("the position", first.position, again[0].position)?;
    holds(&format!("a wait of at least the lease of {lease:?}"), waited >= lease, waited)?;
    let late = one.settle(&first, Settle::Ack).await;
    fails("the token whose lease ended", Kind::StaleLease, late).map(drop)
}

/// Without leases a delivery is held as long as its subscriber lives, and no longer.
pub(super) async fn is_held_until_closed(on: &Environment) -> Verdict {
    if !on.hands_on() {
        return is_held_while_its_subscriber_lives(on).await;
    }
    let topic = on.topic("held")?;
    let (one, two, first) = one_holds(on, &topic).await?;
    one.subscriber.close().await?;
    let again = two.take_one().await?;
    equal("the position", first.position, again.position)?;
    two.ack(&[again]).await
}

/// What is not left to the next one.
pub(super) async fn is_held_while_its_subscriber_lives(on: &Environment) -> Verdict {
    let topic = on.topic("held")?;
    let (one, two, first) = one_holds(on, &topic).await?;
    one.ack(&[first]).await?;
    two.nothing().await
}

/// Two consumers of a group, and what the first one holds while the second one gets nothing.
async fn one_holds(on: &Environment, topic: &TopicName) -> Verdict<(Consumer, Consumer, Delivery)> {
    let one = on.short_consumer(topic, "all").await?;
    on.producer(topic).await?.send_bodies(&["a"]).await?;
    let first = one.take_one().await?;
    let two = on.short_consumer(topic, "all").await?;
    two.nothing_for(on.timing().lease + on.timing().quiet).await?;
    Ok((one, two, first))
}

pub(super) async fn an_extended_lease_keeps_its_delivery(on: &Environment) -> Verdict {
    let topic = on.topic("extended")?;
    let one = on.short_consumer(&topic, "all").await?;
    on.producer(&topic).await?.send_bodies(&["a"]).await?;
    let held = one.take_one().await?;
    let lease = held.lease.ok_or_else(|| Failure::new("expected a lease, seen none"))?;
    let two = on.short_consumer(&topic, "all").await?;
    let clock = on.clock();
    let end = clock.now() + lease * 3;
    while clock.now() < end {
        one.extend(&held.token, lease).await?;
        two.nothing_for(lease / 3).await?;
    }
    one.ack(&[held]).await?;
    two.nothing_for(lease + on.timing().quiet).await
}

pub(super) async fn extension_is_unsupported(on: &Environment) -> Verdict {
    let topic = on.topic("extended")?;
    let consumer = on.consumer(&topic, "all").await?;
    on.producer(&topic).await?.send_bodies(&["a"]).await?;
    let held = consumer.take_one().await?;
    let extended: Result<(), Error> = consumer.extend(&held.token, Duration::from_secs(1)).await;
    fails("an extension", Kind::Unsupported, extended)?;
    consumer.ack(&[held]).await
}

pub(super) async fn what_a_closed_subscriber_held_comes_back(on: &Environment) -> Verdict {
    let topic = on.topic("closed")?;
    let one = on.short_consumer(&topic, "all").await?;
    on.producer(&topic).await?.send_bodies(&["a", "b"]).await?;
    let taken = one.take(2).await?;
    one.ack(&taken[..1]).await?;
    one.subscriber.close().await?;
    comes_back(on, &topic, &taken[1]).await
}

pub(super) async fn what_a_dropped_subscriber_held_comes_back(on: &Environment) -> Verdict {
    let topic = on.topic("dropped")?;
    let one = on.short_consumer(&topic, "all").await?;
    on.producer(&topic).await?.send_bodies(&["a", "b"]).await?;
    let taken = one.take(2).await?;
    one.ack(&taken[..1]).await?;
    drop(one);
    comes_back(on, &topic, &taken[1]).await
}

async fn comes_back(on: &Environment, topic: &TopicName, unsettled: &Delivery) -> Verdict {
    let two = on.short_consumer(topic, "all").await?;
    let again = two.take_one().await?;
    equal("the position", unsettled.position, again.position)?;
    equal("the message", &unsettled.message, &again.message)?;
    two.ack(&[again]).await?;
    two.nothing_for(on.timing().lease + on.timing().quiet).await
}
