//! Who creates topics and groups, and what is named when they are missing.

use wingman_core::Kind;
use wingman_core::transport::{Provision, PublisherOptions, StartPosition, SubscriberOptions};

use crate::actors::sorted;
use crate::environment::Environment;
use crate::expect::{Verdict, delivered, equal, fails, holds};

pub(super) async fn verify_names_the_missing_topic(on: &Environment) -> Verdict {
    let topic = on.topic("missing")?;
    let provision = Provision::Verify;
    for _ in 0..2 {
        // Twice: the first call must not have created it.
        let opened = on.transport().publisher(&topic, PublisherOptions { provision }).await;
        let error = fails("a publisher of a missing topic", Kind::NotFound, opened)?;
        let named = error.to_string().contains(topic.as_str());
        holds(&format!("an error that names {topic}"), named, &error)?;
        let options = SubscriberOptions { provision, ..on.options(on.timing().lease) };
        let opened = on.transport().subscriber(&topic, &on.group("all")?, options).await;
        let error = fails("a subscriber of a missing topic", Kind::NotFound, opened)?;
        let named = error.to_string().contains(topic.as_str());
        holds(&format!("an error that names {topic}"), named, &error)?;
    }
    Ok(())
}

pub(super) async fn verify_names_the_missing_group(on: &Environment) -> Verdict {
    let topic = on.topic("there")?;
    on.producer(&topic).await?;
    let group = on.group("missing")?;
    let options =
        SubscriberOptions { provision: Provision::Verify, ..on.options(on.timing().lease) };
    let opened = on.transport().subscriber(&topic, &group, options).await;
    let error = fails("a subscriber of a missing group", Kind::NotFound, opened)?;
    let named = error.to_string().contains(group.as_str());
    holds(&format!("an error that names {group}"), named, &error)?;
    on.consumer(&topic, "missing").await?;
    let found = on.transport().subscriber(&topic, &group, options).await;
    holds("the group to be found once it is there", found.is_ok(), &found)
}

/// What opening says is the driver's choice; it must not make a topic.
pub(super) async fn never_creates_nothing(on: &Environment) -> Verdict {
    let topic = on.topic("never")?;
    let provision = Provision::Never;
    let publisher = on.transport().publisher(&topic, PublisherOptions { provision }).await;
    let options = SubscriberOptions { provision, ..on.options(on.timing().lease) };
    let subscriber = on.transport().subscriber(&topic, &on.group("all")?, options).await;
    let seen = on.transport().admin()?.inspect(&topic).await?;
    equal("the topic", None, seen)?;
    drop((publisher, subscriber));
    Ok(())
}

/// Opening again, with other options, neither moves a group nor empties a topic.
pub(super) async fn what_exists_is_left_as_it_stands(on: &Environment) -> Verdict {
    let topic = on.topic("stands")?;
    let producer = on.producer(&topic).await?;
    let consumer = on.consumer(&topic, "all").await?;
    producer.send_bodies(&["a", "b"]).await?;
    consumer.subscriber.close().await?;
    on.producer(&topic).await?.send_bodies(&["c"]).await?;
    let options =
        SubscriberOptions { start: StartPosition::Latest, ..on.options(on.timing().long_lease()) };
    let again = on.consumer_on(&**on.transport(), &topic, "all", options).await?;
    let expected = vec!["a".to_owned(), "b".to_owned(), "c".to_owned()];
    delivered("what the group still gets", expected, sorted(&again.drain(3).await?))
}
