//! Batches in and out: empty, too large, partly failed, parallel.

use wingman_core::Kind;
use wingman_core::message::Message;
use wingman_core::transport::{Delivery, Settle};

use crate::actors::{self, numbered, sorted};
use crate::environment::Environment;
use crate::expect::{Failure, Verdict, delivered, equal, fails, holds};

/// A batch that is large enough to find out whether there is a limit.
pub(super) const LARGE: usize = 10_000;

pub(super) async fn an_empty_batch_is_nothing(on: &Environment) -> Verdict {
    let topic = on.topic("empty")?;
    let consumer = on.consumer(&topic, "all").await?;
    let producer = on.producer(&topic).await?;
    equal("results of publish", 0, producer.0.publish(&[]).await?.len())?;
    equal("results of settle", 0, consumer.subscriber.settle(&[]).await?.len())?;
    consumer.nothing().await
}

pub(super) async fn a_batch_beyond_the_limit_is_refused_whole(on: &Environment) -> Verdict {
    let topic = on.topic("batch")?;
    let consumer = on.consumer(&topic, "all").await?;
    let producer = on.producer(&topic).await?;
    let limit = on.capabilities().limits.batch_messages_max;
    let batch = vec![Message::new("x"); limit + 1];
    fails("one message too many", Kind::Oversize, producer.0.publish(&batch).await)?;
    consumer.nothing().await?;
    let results = producer.0.publish(&batch[..limit]).await?;
    equal("results of a full batch", limit, results.len())?;
    let confirmed = results.into_iter().filter(Result::is_ok).count();
    equal("confirmed of a full batch", limit, confirmed)?;
    let delivered = consumer.drain(limit).await?;
    equal("delivered of a full batch", limit, delivered.len())
}

pub(super) async fn a_large_batch_is_taken(on: &Environment) -> Verdict {
    let topic = on.topic("batch")?;
    let producer = on.producer(&topic).await?;
    let results = producer.0.publish(&vec![Message::new("x"); LARGE]).await?;
    let confirmed = results.into_iter().filter(Result::is_ok).count();
    equal("confirmed of a large batch", LARGE, confirmed)
}

pub(super) async fn a_settle_batch_names_its_failed_entry(on: &Environment) -> Verdict {
    let topic = on.topic("settle")?;
    let consumer = on.short_consumer(&topic, "all").await?;
    on.producer(&topic).await?.send_bodies(&["a", "b", "c"]).await?;
    let taken = consumer.take(3).await?;
    let token = |at: usize| taken[at].token.clone();
    consumer.settle(&taken[1], Settle::Ack).await?;
    let batch = [(token(0), Settle::Ack), (token(1), Settle::Ack), (token(2), Settle::Ack)];
    let mut results = consumer.subscriber.settle(&batch).await?;
    equal("results of three tokens", 3, results.len())?;
    holds("the last to be settled", results.remove(2).is_ok(), "an error")?;
    fails("the stale one", Kind::StaleLease, results.remove(1))?;
    holds("the first to be settled", results.remove(0).is_ok(), "an error")?;
    let past_the_lease = on.timing().lease + on.timing().quiet;
    consumer.nothing_for(past_the_lease).await
}

pub(super) async fn parallel_publishers_lose_nothing(on: &Environment) -> Verdict {
    const PUBLISHERS: usize = 8;
    let topic = on.topic("parallel")?;
    let consumer = on.consumer(&topic, "all").await?;
    let mut sending = tokio::task::JoinSet::new();
    for publisher in 0..PUBLISHERS {
        let producer = on.producer(&topic).await?;
        let bodies = numbered(&publisher.to_string(), 50);
        sending.spawn(async move { producer.send_bodies(&bodies).await });
    }
    while let Some(sent) = sending.join_next().await {
        sent.map_err(|panic| Failure::new(panic.to_string()))??;
    }
    let expected: Vec<_> =
        (0..PUBLISHERS).flat_map(|publisher| numbered(&publisher.to_string(), 50)).collect();
    let seen = consumer.drain(expected.len()).await?;
    delivered("deliveries", expected, sorted(&seen))
}

/// One publisher, several calls of it at once: nothing is lost, and each call keeps its own order (T3).
pub(super) async fn calls_of_one_publisher_may_overlap(on: &Environment) -> Verdict {
    const CALLERS: usize = 8;
    const MESSAGES: usize = 50;
    let topic = on.topic("overlap")?;
    let consumer = on.consumer(&topic, "all").await?;
    let producer = on.producer(&topic).await?;
    let bodies = |caller: usize| numbered(&caller.to_string(), MESSAGES);
    let mut sending = tokio::task::JoinSet::new();
    for caller in 0..CALLERS {
        let message = |body: String| Message::new(body).with_key(caller.to_string());
        let messages: Vec<_> = bodies(caller).into_iter().map(message).collect();
        let producer = producer.clone();
        sending.spawn(async move { producer.send(&messages).await });
    }
    while let Some(sent) = sending.join_next().await {
        sent.map_err(|panic| Failure::new(panic.to_string()))??;
    }
    let expected: Vec<_> = (0..CALLERS).flat_map(bodies).collect();
    let seen = consumer.drain(expected.len()).await?;
    delivered("deliveries", expected, sorted(&seen))?;
    if !on.capabilities().order_by_key.is_supported() {
        return Ok(());
    }
    for caller in 0..CALLERS {
        let key = caller.to_string();
        let is_its = |one: &&Delivery| one.message.key.as_deref() == Some(key.as_bytes());
        let its: Vec<_> = seen.iter().filter(is_its).cloned().collect();
        equal("the order of a caller", bodies(caller), actors::bodies(&its))?;
    }
    Ok(())
}
