//! Groups get copies, consumers of one group share, and a group begins where it was told to.

use tokio::time::Instant;
use wingman_core::transport::{Delivery, StartPosition, SubscriberOptions};

use crate::actors::{Consumer, bodies, numbered, sorted};
use crate::environment::Environment;
use crate::expect::{Verdict, delivered, equal};

pub(super) async fn every_group_gets_every_message(on: &Environment) -> Verdict {
    let topic = on.topic("copies")?;
    let one = on.consumer(&topic, "one").await?;
    let two = on.consumer(&topic, "two").await?;
    let sent = numbered("m", 20);
    on.producer(&topic).await?.send_bodies(&sent).await?;
    for (group, consumer) in [("one", one), ("two", two)] {
        let seen = consumer.drain(sent.len()).await?;
        delivered(&format!("group {group}"), sent.clone(), sorted(&seen))?;
    }
    Ok(())
}

pub(super) async fn competing_consumers_share_and_none_gets_twice(on: &Environment) -> Verdict {
    let topic = on.topic("shared")?;
    let consumers = [
        on.consumer(&topic, "workers").await?,
        on.consumer(&topic, "workers").await?,
        on.consumer(&topic, "workers").await?,
    ];
    let sent = numbered("m", 90);
    on.producer(&topic).await?.send_bodies(&sent).await?;
    let all = drained_together(on, &consumers, sent.len()).await?;
    delivered("what all consumers got together", sent, sorted(&all))
}

/// As replicas do: topic and group are missing, or just being made by another.
pub(super) async fn those_who_start_together_all_get_in(on: &Environment) -> Verdict {
    let topic = on.topic("start")?;
    let replicas = [on.connect().await?, on.connect().await?, on.connect().await?];
    let options = on.options(on.timing().long_lease());
    let [one, two, three] =
        replicas.each_ref().map(|replica| on.consumer_on(&**replica, &topic, "workers", options));
    let (one, two, three) = tokio::try_join!(one, two, three)?;
    let sent = numbered("m", 40);
    on.producer(&topic).await?.send_bodies(&sent).await?;
    let all = drained_together(on, &[one, two, three], sent.len()).await?;
    delivered("what all consumers got together", sent, sorted(&all))
}

/// What they get, acked, until there are so many and nothing more comes. Some brokers share out anew
/// for a while whenever somebody came.
async fn drained_together(
    on: &Environment,
    consumers: &[Consumer; 3],
    count: usize,
) -> Verdict<Vec<Delivery>> {
    let [one, two, three] = consumers;
    let (mut all, deadline) = (Vec::new(), Instant::now() + on.timing().patience);
    loop {
        let (a, b, c) = tokio::try_join!(one.drain(0), two.drain(0), three.drain(0))?;
        let round = [a, b, c].concat();
        if round.is_empty() && (all.len() >= count || Instant::now() >= deadline) {
            return Ok(all);
        }
        all.extend(round);
    }
}

pub(super) async fn a_new_group_begins_with_the_earliest(on: &Environment) -> Verdict {
    let topic = on.topic("start")?;
    let producer = on.producer(&topic).await?;
    producer.send_bodies(&["a", "b"]).await?;
    let consumer = on.consumer(&topic, "late").await?;
    producer.send_bodies(&["c"]).await?;
    let expected = vec!["a".to_owned(), "b".to_owned(), "c".to_owned()];
    delivered("a group from the earliest", expected, sorted(&consumer.drain(3).await?))
}

/// Without replay a group gets what is published after it was created.
pub(super) async fn begins_with_its_creation(on: &Environment) -> Verdict {
    let topic = on.topic("start")?;
    let producer = on.producer(&topic).await?;
    producer.send_bodies(&["a", "b"]).await?;
    let consumer = on.consumer(&topic, "late").await?;
    producer.send_bodies(&["c"]).await?;
    let expected = vec!["c".to_owned()];
    delivered("a group without replay", expected, sorted(&consumer.drain(1).await?))
}

/// The start is fixed at creation: nothing is received before the next message is published.
pub(super) async fn a_new_group_can_begin_with_the_latest(on: &Environment) -> Verdict {
    let topic = on.topic("start")?;
    let producer = on.producer(&topic).await?;
    producer.send_bodies(&["before"]).await?;
    let options =
        SubscriberOptions { start: StartPosition::Latest, ..on.options(on.timing().long_lease()) };
    let transport = &**on.transport();
    let consumer: Consumer = on.consumer_on(transport, &topic, "late", options).await?;
    producer.send_bodies(&["after"]).await?;
    let delivered = consumer.drain(1).await?;
    equal("a group from the latest", vec!["after".to_owned()], bodies(&delivered))
}

pub(super) async fn many_groups_and_topics_stay_apart(on: &Environment) -> Verdict {
    let mut consumers = Vec::new();
    for topic in 0..5 {
        let topic = on.topic(&topic.to_string())?;
        for group in 0..4 {
            let group = group.to_string();
            consumers.push((topic.clone(), on.consumer(&topic, &group).await?));
        }
    }
    for (number, (topic, _)) in consumers.iter().enumerate().step_by(4) {
        let sent = numbered(&number.to_string(), 20);
        on.producer(topic).await?.send_bodies(&sent).await?;
    }
    for (number, (topic, consumer)) in consumers.iter().enumerate() {
        let expected = numbered(&(number / 4 * 4).to_string(), 20);
        let taken = consumer.take(20).await?;
        delivered(&format!("a group of {topic}"), expected, sorted(&taken))?;
        consumer.ack(&taken).await?;
    }
    Ok(())
}
