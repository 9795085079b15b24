//! Waiting for deliveries: bounded, woken at once, safe to cancel.

use std::collections::BTreeSet;
use std::time::Duration;

use tokio::time::{Instant, timeout};

use crate::actors::{at_most, bodies, numbered, sorted};
use crate::environment::Environment;
use crate::expect::{Verdict, delivered, equal, holds};

pub(super) async fn a_receive_ends_empty_at_its_time(on: &Environment) -> Verdict {
    let topic = on.topic("empty")?;
    let consumer = on.consumer(&topic, "all").await?;
    let (wait, clock) = (on.timing().quiet, on.clock());
    let began = clock.now();
    let came = consumer.subscriber.receive(at_most(1), wait).await?;
    let waited = clock.now() - began;
    equal("deliveries", 0, came.len())?;
    let slack = Duration::from_millis(2);
    holds(&format!("a wait of {wait:?}"), waited + slack >= wait, waited)?;
    holds("an end within the suite's patience", waited < on.timing().patience, waited)
}

pub(super) async fn a_receive_takes_no_more_than_asked(on: &Environment) -> Verdict {
    let topic = on.topic("limit")?;
    let consumer = on.consumer(&topic, "all").await?;
    let sent = numbered("m", 20);
    on.producer(&topic).await?.send_bodies(&sent).await?;
    let mut all = Vec::new();
    for max in [1, 2, 3, 5, 9] {
        let deadline = Instant::now() + on.timing().patience;
        let mut taken = Vec::new();
        while taken.is_empty() && Instant::now() < deadline {
            taken = consumer.subscriber.receive(at_most(max), on.timing().quiet).await?;
        }
        holds(&format!("1 to {max} deliveries"), (1..=max).contains(&taken.len()), taken.len())?;
        consumer.ack(&taken).await?;
        all.extend(taken);
    }
    let rest = sent.len().saturating_sub(all.len());
    all.extend(consumer.drain(rest).await?);
    delivered("all together", sent, sorted(&all))
}

/// The wait is several times the suite's patience: only the publish can end it in time.
pub(super) async fn a_publish_wakes_a_waiting_receive(on: &Environment) -> Verdict {
    let topic = on.topic("waiting")?;
    let consumer = on.consumer(&topic, "all").await?;
    let producer = on.producer(&topic).await?;
    let wait = on.timing().patience * 4;
    let mut waiting = consumer.subscriber.receive(at_most(1), wait);
    let too_early = timeout(on.timing().quiet, &mut waiting).await;
    holds("a receive that waits", too_early.is_err(), &too_early)?;
    producer.send_bodies(&["a"]).await?;
    let woken = timeout(on.timing().patience, waiting).await;
    let taken = woken.map_err(|_| {
        crate::Failure::new("expected the publish to wake the receive, seen it wait on")
    })??;
    equal("deliveries", vec!["a".to_owned()], bodies(&taken))?;
    consumer.ack(&taken).await
}

/// What a dropped `receive` had taken may be delayed until its lease ends, and is not lost.
pub(super) async fn a_cancelled_receive_loses_nothing(on: &Environment) -> Verdict {
    const MESSAGES: usize = 60;
    let topic = on.topic("cancelled")?;
    let consumer = on.short_consumer(&topic, "all").await?;
    let producer = on.producer(&topic).await?;
    let sent = numbered("m", MESSAGES);
    let mut seen = BTreeSet::new();
    for body in &sent {
        let mut receive = consumer.subscriber.receive(at_most(3), on.timing().patience);
        // Cancelled while it waits, and again while something is on its way to it.
        let idle = timeout(Duration::from_micros(on.choices().below(300)), &mut receive).await;
        producer.send_bodies(&[body]).await?;
        let busy = match idle {
            Ok(taken) => Some(taken?),
            Err(_) => {
                let moment = Duration::from_micros(on.choices().below(2_000));
                timeout(moment, receive).await.ok().transpose()?
            }
        };
        if let Some(taken) = busy {
            consumer.ack(&taken).await?;
            seen.extend(bodies(&taken));
        }
    }
    let deadline = Instant::now() + on.timing().lease + on.timing().patience;
    while seen.len() < MESSAGES && Instant::now() < deadline {
        let taken = consumer.subscriber.receive(at_most(30), on.timing().quiet).await?;
        consumer.ack(&taken).await?;
        seen.extend(bodies(&taken));
    }
    equal("all that was sent", sent, seen.into_iter().collect())
}
