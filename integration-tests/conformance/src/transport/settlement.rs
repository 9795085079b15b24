//! Ack, retry and release do what they say, for each delivery on its own.

use std::collections::BTreeSet;
use std::num::NonZeroU32;

use wingman_core::Kind;
use wingman_core::message::Message;
use wingman_core::transport::{Delivery, Settle};

use crate::actors::{Consumer, Producer, bodies, numbered, sorted};
use crate::environment::Environment;
use crate::expect::{Verdict, delivered, equal, fails, holds};

/// Five messages of one key, so that they share a partition where there are partitions; of none where
/// those of a key come one by one.
async fn send_five(on: &Environment, producer: &Producer) -> Verdict {
    let message = |body: &'static str| match on.hands_out_ahead() {
        true => Message::new(body).with_key("k"),
        false => Message::new(body),
    };
    producer.send(&["A", "B", "C", "D", "E"].map(message)).await.map(drop)
}

/// All five, A first.
async fn ack_a_b_d(on: &Environment, consumer: &Consumer) -> Verdict<Vec<Delivery>> {
    let mut taken = consumer.take(5).await?;
    if !on.hands_out_ahead() {
        taken.sort_by_key(|delivery| delivery.message.payload.clone());
    }
    equal("order of one key", "ABCDE".to_owned(), bodies(&taken).concat())?;
    for index in [0, 1, 3] {
        consumer.settle(&taken[index], Settle::Ack).await?;
    }
    Ok(taken)
}

pub(super) async fn each_delivery_settles_apart(on: &Environment) -> Verdict {
    let topic = on.topic("five")?;
    let consumer = on.consumer(&topic, "all").await?;
    send_five(on, &on.producer(&topic).await?).await?;
    let taken = ack_a_b_d(on, &consumer).await?;
    consumer.settle(&taken[4], Settle::Release).await?;
    consumer.settle(&taken[2], Settle::Release).await?;
    let mut again = consumer.take(2).await?;
    if !on.hands_out_ahead() {
        again.sort_by_key(|delivery| delivery.message.payload.clone());
    }
    equal("what came back", "CE".to_owned(), bodies(&again).concat())?;
    equal("the position of C", taken[2].position, again[0].position)?;
    consumer.ack(&again).await?;
    consumer.nothing().await
}

pub(super) async fn an_ack_survives_a_reconnect(on: &Environment) -> Verdict {
    let topic = on.topic("acks")?;
    let options = on.options(on.timing().lease);
    let first = on.connect().await?;
    let consumer = on.consumer_on(&*first, &topic, "all", options).await?;
    on.producer(&topic).await?.send_bodies(&numbered("m", 10)).await?;
    let taken = consumer.take(10).await?;
    consumer.ack(&taken).await?;
    consumer.subscriber.close().await?;
    first.close().await?;
    let second = on.connect().await?;
    let consumer = on.consumer_on(&*second, &topic, "all", options).await?;
    let past_the_lease = on.timing().lease + on.timing().quiet;
    consumer.nothing_for(past_the_lease).await
}

/// Where a broker keeps only a watermark, D is behind it and may come back; C and E must, A and B
/// must not.
pub(super) async fn what_failed_comes_back_after_a_reconnect(on: &Environment) -> Verdict {
    let topic = on.topic("five")?;
    let options = on.options(on.timing().lease);
    let first = on.connect().await?;
    let consumer = on.consumer_on(&*first, &topic, "all", options).await?;
    send_five(on, &on.producer(&topic).await?).await?;
    let taken = ack_a_b_d(on, &consumer).await?;
    consumer.settle(&taken[4], Settle::Release).await?;
    first.close().await?;
    let second = on.connect().await?;
    let consumer = on.consumer_on(&*second, &topic, "all", options).await?;
    let mut again = consumer.take(2).await?;
    consumer.ack(&again).await?;
    let past_the_lease = on.timing().lease + on.timing().quiet;
    let more = consumer.subscriber.receive(crate::actors::at_most(9), past_the_lease).await?;
    consumer.ack(&more).await?;
    again.extend(more);
    let seen = sorted(&again).concat();
    holds("CE, or CDE with a watermark", seen == "CE" || seen == "CDE", seen)
}

pub(super) async fn a_retry_delay_is_a_floor(on: &Environment) -> Verdict {
    let topic = on.topic("retry")?;
    let consumer = on.consumer(&topic, "all").await?;
    on.producer(&topic).await?.send_bodies(&["a"]).await?;
    let first = consumer.take_one().await?;
    let (clock, after) = (on.clock(), on.timing().retry);
    let settled = clock.now();
    consumer.settle(&first, Settle::Retry { after }).await?;
    let again = consumer.take_one().await?;
    let waited = clock.now() - settled;
    equal("the position", first.position, again.position)?;
    holds(&format!("a wait of at least {after:?}"), waited >= after, waited)?;
    consumer.ack(&[again]).await
}

pub(super) async fn retry_is_unsupported(on: &Environment) -> Verdict {
    let topic = on.topic("retry")?;
    let consumer = on.consumer(&topic, "all").await?;
    on.producer(&topic).await?.send_bodies(&["a"]).await?;
    let first = consumer.take_one().await?;
    let after = on.timing().retry;
    let refused = consumer.settle(&first, Settle::Retry { after }).await;
    fails("a delayed retry", Kind::Unsupported, refused)?;
    consumer.ack(&[first]).await
}

/// The lease is longer than the suite's patience: only the release can bring it back.
pub(super) async fn a_release_hands_back_at_once(on: &Environment) -> Verdict {
    let topic = on.topic("release")?;
    let one = on.consumer(&topic, "all").await?;
    on.producer(&topic).await?.send_bodies(&["a"]).await?;
    let first = one.take_one().await?;
    one.settle(&first, Settle::Release).await?;
    let again = one.take_one().await?;
    equal("the position", first.position, again.position)?;
    holds("another token", first.token != again.token, &again.token)?;
    one.ack(&[again]).await?;
    one.nothing().await
}

pub(super) async fn the_attempt_count_rises(on: &Environment) -> Verdict {
    let topic = on.topic("attempts")?;
    let consumer = on.consumer(&topic, "all").await?;
    on.producer(&topic).await?.send_bodies(&["a"]).await?;
    for attempt in 1..=3 {
        let delivery = consumer.take_one().await?;
        equal("the attempt", NonZeroU32::new(attempt), delivery.attempt)?;
        let after = std::time::Duration::ZERO;
        consumer.settle(&delivery, Settle::Retry { after }).await?;
    }
    let last = consumer.take_one().await?;
    consumer.ack(&[last]).await
}

pub(super) async fn attempts_are_unknown(on: &Environment) -> Verdict {
    let topic = on.topic("attempts")?;
    let consumer = on.consumer(&topic, "all").await?;
    on.producer(&topic).await?.send_bodies(&["a"]).await?;
    let delivery = consumer.take_one().await?;
    equal("the attempt", None, delivery.attempt)?;
    consumer.ack(&[delivery]).await
}

pub(super) async fn failing_every_third_message_loses_none(on: &Environment) -> Verdict {
    const MESSAGES: usize = 99;
    let topic = on.topic("failing")?;
    let consumer = on.consumer(&topic, "all").await?;
    let sent = numbered("m", MESSAGES);
    on.producer(&topic).await?.send_bodies(&sent).await?;
    let mut acked = BTreeSet::new();
    let mut deliveries = 0_usize;
    while acked.len() < MESSAGES {
        let delivery = consumer.take_one().await?;
        deliveries += 1;
        if deliveries.is_multiple_of(3) {
            consumer.settle(&delivery, Settle::Release).await?;
        } else {
            consumer.settle(&delivery, Settle::Ack).await?;
            let body = bodies(&[delivery]).concat();
            holds("a message that was not acked", acked.insert(body.clone()), body)?;
        }
    }
    equal("acked", sent, acked.into_iter().collect())?;
    consumer.nothing().await
}

pub(super) async fn much_unsettled_work_stops_nothing_for_good(on: &Environment) -> Verdict {
    let topic = on.topic("saturated")?;
    let consumer = on.consumer(&topic, "all").await?;
    let sent = numbered("m", 300);
    on.producer(&topic).await?.send_bodies(&sent).await?;
    let mut all = Vec::new();
    while all.len() < sent.len() {
        let mut held = consumer.take(1).await?;
        loop {
            let most = crate::actors::at_most(100);
            let more = consumer.subscriber.receive(most, on.timing().quiet).await?;
            if more.is_empty() {
                break;
            }
            held.extend(more);
        }
        consumer.ack(&held).await?;
        all.extend(held);
    }
    delivered("all that was sent", sent, sorted(&all))
}
