//! What is closed says so, at once and as often as asked.

use std::time::Duration;

use tokio::time::timeout;
use wingman_core::Kind;
use wingman_core::message::Message;
use wingman_core::transport::{PublisherOptions, Settle, Subscriber};

use crate::actors::{at_most, numbered, sorted};
use crate::environment::Environment;
use crate::expect::{Failure, Verdict, delivered, fails, holds};

pub(super) async fn what_is_closed_says_closed(on: &Environment) -> Verdict {
    let topic = on.topic("closed")?;
    let consumer = on.short_consumer(&topic, "all").await?;
    let producer = on.producer(&topic).await?;
    producer.send_bodies(&["a"]).await?;
    let held = consumer.take_one().await?;

    producer.0.close().await?;
    let published = producer.0.publish(&[Message::new("b")]).await;
    fails("publish on a closed publisher", Kind::Closed, published)?;

    consumer.subscriber.close().await?;
    let received = consumer.subscriber.receive(at_most(1), Duration::ZERO).await;
    fails("receive on a closed subscriber", Kind::Closed, received)?;
    let settled = consumer.settle(&held, Settle::Ack).await;
    fails("settle on a closed subscriber", Kind::Closed, settled)?;

    let transport = on.connect().await?;
    let options = PublisherOptions::default();
    let publisher = transport.publisher(&topic, options).await?;
    transport.close().await?;
    fails("ping on a closed transport", Kind::Closed, transport.ping().await)?;
    let opened = transport.publisher(&topic, options).await;
    fails("a new publisher of a closed transport", Kind::Closed, opened)?;
    let published = publisher.publish(&[Message::new("c")]).await;
    fails("publish through a closed transport", Kind::Closed, published).map(drop)
}

pub(super) async fn closing_twice_is_harmless(on: &Environment) -> Verdict {
    let topic = on.topic("twice")?;
    let consumer = on.consumer(&topic, "all").await?;
    let producer = on.producer(&topic).await?;
    for _ in 0..2 {
        producer.0.close().await?;
        consumer.subscriber.close().await?;
    }
    let transport = on.connect().await?;
    let (one, two) = tokio::join!(transport.close(), transport.close());
    one?;
    two?;
    transport.close().await?;
    Ok(())
}

pub(super) async fn closing_the_subscriber_wakes_its_receive(on: &Environment) -> Verdict {
    let topic = on.topic("blocked")?;
    let consumer = on.consumer(&topic, "all").await?;
    let closing = consumer.subscriber.close();
    wakes(on, &*consumer.subscriber, closing).await
}

pub(super) async fn closing_the_transport_wakes_its_receive(on: &Environment) -> Verdict {
    let topic = on.topic("blocked")?;
    let transport = on.connect().await?;
    let options = on.options(on.timing().long_lease());
    let consumer = on.consumer_on(&*transport, &topic, "all", options).await?;
    let closing = transport.close();
    wakes(on, &*consumer.subscriber, closing).await
}

async fn wakes(
    on: &Environment,
    subscriber: &dyn Subscriber,
    closing: impl Future<Output = wingman_core::Result<()>>,
) -> Verdict {
    let mut blocked = subscriber.receive(at_most(1), on.timing().patience * 4);
    let early = timeout(on.timing().quiet, &mut blocked).await;
    holds("a receive that is blocked", early.is_err(), &early)?;
    let both = async { tokio::join!(closing, blocked) };
    let ended = timeout(on.timing().patience, both).await;
    let (closed, received) =
        ended.map_err(|_| Failure::new("expected close to wake the receive, seen it blocked"))?;
    closed?;
    fails("the receive that was blocked", Kind::Closed, received).map(drop)
}

pub(super) async fn opening_and_closing_again_and_again_loses_nothing(on: &Environment) -> Verdict {
    let topic = on.topic("again")?;
    let sent = numbered("m", 200);
    let first = on.short_consumer(&topic, "all").await?;
    on.producer(&topic).await?.send_bodies(&sent).await?;
    first.subscriber.close().await?;
    let mut all = Vec::new();
    for _ in 0..10 {
        let consumer = on.short_consumer(&topic, "all").await?;
        let taken = consumer.take(10).await?;
        consumer.ack(&taken).await?;
        all.extend(taken);
        consumer.subscriber.close().await?;
    }
    let last = on.short_consumer(&topic, "all").await?;
    while all.len() < sent.len() {
        let taken = last.take(1).await?;
        last.ack(&taken).await?;
        all.extend(taken);
    }
    delivered("all that was sent, each once", sent, sorted(&all))
}
