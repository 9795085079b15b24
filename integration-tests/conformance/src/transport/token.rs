//! A token settles its own hand-over, once, and nothing else.

use tokio::time::Instant;
use wingman_core::Kind;
use wingman_core::transport::{AckToken, Generation, Settle};

use crate::actors::at_most;
use crate::environment::Environment;
use crate::expect::{Verdict, equal, fails, holds};

pub(super) async fn settling_twice_is_stale(on: &Environment) -> Verdict {
    let topic = on.topic("twice")?;
    let consumer = on.consumer(&topic, "all").await?;
    on.producer(&topic).await?.send_bodies(&["a"]).await?;
    let delivery = consumer.take_one().await?;
    consumer.settle(&delivery, Settle::Ack).await?;
    let again = consumer.settle(&delivery, Settle::Ack).await;
    fails("a second ack", Kind::StaleLease, again)?;
    let released = consumer.settle(&delivery, Settle::Release).await;
    fails("a release after the ack", Kind::StaleLease, released)?;
    consumer.nothing().await
}

pub(super) async fn a_token_of_another_subscriber_is_refused(on: &Environment) -> Verdict {
    let topic = on.topic("foreign")?;
    let one = on.consumer(&topic, "all").await?;
    let two = on.consumer(&topic, "all").await?;
    let other_group = on.consumer(&topic, "others").await?;
    on.producer(&topic).await?.send_bodies(&["a"]).await?;
    let copy = other_group.take_one().await?;
    // Either consumer of the group may get it, so both are asked in turn.
    let deadline = Instant::now() + on.timing().patience;
    let mut turns = [(&one, &two), (&two, &one)].into_iter().cycle();
    let (owner, stranger, delivery) = loop {
        let (asked, other) = turns.next().expect("a cycle has no end");
        let came = asked.subscriber.receive(at_most(1), on.timing().quiet).await?;
        if let Some(delivery) = came.into_iter().next() {
            break (asked, other, delivery);
        }
        holds("a consumer of the group gets it", Instant::now() < deadline, &topic)?;
    };
    for how in [Settle::Ack, Settle::Release] {
        let refused = stranger.settle(&delivery, how).await;
        fails("a token of the same group's other consumer", Kind::StaleLease, refused)?;
        let refused = owner.settle(&copy, how).await;
        fails("a token of another group", Kind::StaleLease, refused)?;
    }
    owner.settle(&delivery, Settle::Ack).await?;
    other_group.settle(&copy, Settle::Ack).await?;
    Ok(())
}

pub(super) async fn a_bare_tag_of_another_generation_is_refused(on: &Environment) -> Verdict {
    let topic = on.topic("tag")?;
    let consumer = on.consumer(&topic, "all").await?;
    on.producer(&topic).await?.send_bodies(&["a"]).await?;
    let delivery = consumer.take_one().await?;
    let forged = AckToken { generation: Generation::next(), ..delivery.token.clone() };
    let batch = [(forged, Settle::Ack)];
    let mut results = consumer.subscriber.settle(&batch).await?;
    equal("results of one token", 1, results.len())?;
    fails("the same tag of another connection", Kind::StaleLease, results.remove(0))?;
    consumer.settle(&delivery, Settle::Ack).await?;
    Ok(())
}

pub(super) async fn a_token_from_before_a_reopening_is_refused(on: &Environment) -> Verdict {
    let topic = on.topic("reopened")?;
    let before = on.short_consumer(&topic, "all").await?;
    on.producer(&topic).await?.send_bodies(&["a"]).await?;
    let first = before.take_one().await?;
    before.subscriber.close().await?;
    let after = on.short_consumer(&topic, "all").await?;
    let again = after.take_one().await?;
    equal("the position", first.position, again.position)?;
    holds("another generation", first.token.generation != again.token.generation, &again.token)?;
    let held = |token| after.subscriber.holds(token);
    holds("the token from before not to be held", !held(&first.token), &first.token)?;
    holds("the new token to be held", held(&again.token), &again.token)?;
    let refused = after.settle(&first, Settle::Ack).await;
    fails("the token from before", Kind::StaleLease, refused)?;
    after.settle(&again, Settle::Ack).await?;
    Ok(())
}
