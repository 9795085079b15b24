//! The broker restarts, or its connections are cut: what was confirmed stays, what was not settled
//! comes back, and what was held before is stale.

use std::collections::BTreeSet;

use tokio::time::Instant;
use wingman_core::message::Message;
use wingman_core::name::TopicName;
use wingman_core::transport::{Confirmed, Delivery, Publisher, Settle};
use wingman_core::{Kind, Retry};

use crate::actors::{Consumer, bodies, numbered};
use crate::environment::Environment;
use crate::expect::{Verdict, equal, fails, holds};

pub(crate) async fn restart_is_not_offered(on: &Environment) -> Verdict {
    fails("a restart", Kind::Unsupported, on.backend().restart().await).map(drop)
}

pub(crate) async fn cut_is_not_offered(on: &Environment) -> Verdict {
    fails("a cut", Kind::Unsupported, on.backend().cut().await).map(drop)
}

pub(super) async fn a_restart_keeps_what_was_confirmed(on: &Environment) -> Verdict {
    let topic = on.topic("kept")?;
    let consumer = on.short_consumer(&topic, "all").await?;
    let sent = numbered("m", 100);
    on.producer(&topic).await?.send_bodies(&sent).await?;
    on.backend().restart().await?;
    let seen = collect(on, &consumer, sent.len()).await?;
    equal("all that was confirmed", sent, seen.into_iter().collect())
}

pub(super) async fn a_restart_makes_tokens_stale_and_brings_work_back(on: &Environment) -> Verdict {
    let topic = on.topic("restart")?;
    let (consumer, held) = holding_c(on, &topic).await?;
    on.backend().restart().await?;
    is_stale_and_comes_back(on, &consumer, &held).await
}

pub(super) async fn a_cut_makes_tokens_stale_and_brings_work_back(on: &Environment) -> Verdict {
    let topic = on.topic("cut")?;
    let (consumer, held) = holding_c(on, &topic).await?;
    on.backend().cut().await?;
    is_stale_and_comes_back(on, &consumer, &held).await
}

/// A consumer that acked `a` and `b` and holds `c`.
async fn holding_c(on: &Environment, topic: &TopicName) -> Verdict<(Consumer, Delivery)> {
    let consumer = on.short_consumer(topic, "all").await?;
    let message = |body: &'static str| Message::new(body).with_key("k");
    on.producer(topic).await?.send(&["a", "b", "c"].map(message)).await?;
    let mut taken = consumer.take(3).await?;
    let held = taken.remove(2);
    consumer.ack(&taken).await?;
    // A broker that keeps a watermark is told of it a moment later.
    consumer.nothing().await?;
    Ok((consumer, held))
}

/// The same subscriber recovers by itself: its connection is opened again by `receive`.
async fn is_stale_and_comes_back(
    on: &Environment,
    consumer: &Consumer,
    held: &Delivery,
) -> Verdict {
    let deadline = Instant::now() + on.timing().lease + on.timing().patience;
    let mut again = Vec::new();
    while again.is_empty() && Instant::now() < deadline {
        again = consumer.receive_through_outage().await?;
    }
    equal("what came back", vec!["c".to_owned()], bodies(&again))?;
    holds("a new generation", held.token.generation != again[0].token.generation, held)?;
    let stale = consumer.settle(held, Settle::Ack).await;
    fails("a token from before", Kind::StaleLease, stale)?;
    consumer.ack(&again).await?;
    consumer.nothing_for(on.timing().lease + on.timing().quiet).await
}

/// A publisher that tries each message until it is confirmed, while the broker restarts at one
/// third and at one half. Duplicates are allowed, a loss is not; nor is it forgotten who listens.
pub(super) async fn publishing_through_restarts_loses_nothing(on: &Environment) -> Verdict {
    const MESSAGES: usize = 300;
    let topic = on.topic("through")?;
    let consumer = on.short_consumer(&topic, "all").await?;
    let publisher = on.producer(&topic).await?.0;
    let sent = numbered("m", MESSAGES);
    for (number, body) in sent.iter().enumerate() {
        let batch = [Message::new(body.clone())];
        let publishing = until_confirmed(on, &*publisher, &batch);
        if number == MESSAGES / 3 || number == MESSAGES / 2 {
            let (restarted, confirmed) = tokio::join!(on.backend().restart(), publishing);
            restarted?;
            confirmed?;
        } else {
            publishing.await?;
        }
    }
    let seen = collect(on, &consumer, MESSAGES).await?;
    let lost: Vec<_> = sent.iter().filter(|body| !seen.contains(*body)).collect();
    holds("nothing lost of what was confirmed", lost.is_empty(), &lost)
}

async fn until_confirmed(
    on: &Environment,
    publisher: &dyn Publisher,
    batch: &[Message; 1],
) -> Verdict {
    let deadline = Instant::now() + on.timing().patience;
    loop {
        let refused = match publisher.publish(batch).await {
            Ok(results) => {
                let mut results = results.into_iter();
                match results.next() {
                    Some(Ok(receipt)) => {
                        return equal("a group listens", Confirmed::Stored, receipt.confirmed);
                    }
                    Some(Err(error)) => error,
                    None => return holds("an answer for each message", false, batch),
                }
            }
            Err(error) => error,
        };
        let is_permanent = refused.retry() == Retry::Permanent;
        if is_permanent || Instant::now() > deadline {
            return Err(refused.into());
        }
        // The broker is away for a moment; asking more often does not bring it back sooner.
        tokio::time::sleep(on.timing().quiet / 10).await;
    }
}

/// What arrives until this many different messages are there, or nothing more comes.
async fn collect(on: &Environment, consumer: &Consumer, most: usize) -> Verdict<BTreeSet<String>> {
    let mut seen = BTreeSet::new();
    let mut last = Instant::now();
    let enough = on.timing().lease + on.timing().quiet * 3;
    while seen.len() < most && last.elapsed() < enough {
        let taken = consumer.receive_through_outage().await?;
        if !taken.is_empty() {
            last = Instant::now();
        }
        for delivery in &taken {
            match consumer.settle(delivery, Settle::Ack).await {
                Ok(()) => {
                    seen.extend(bodies(std::slice::from_ref(delivery)));
                }
                // It comes back, and is counted then.
                Err(error) if matches!(error.kind(), Kind::StaleLease | Kind::Unavailable) => {}
                Err(error) => return Err(error.into()),
            }
        }
    }
    Ok(seen)
}
