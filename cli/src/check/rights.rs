//! Whether the user may do what cases do, tried once: so one who may not is told so once.

use std::num::NonZeroUsize;
use std::time::Duration;

use wingman_hub::core::message::Message;
use wingman_hub::core::name::{GroupName, TopicName};
use wingman_hub::core::transport::{
    Provision, PublisherOptions, Settle, Subscriber, SubscriberOptions, Transport,
};
use wingman_hub::{Error, Kind, Result};

use super::broker::Broker;
use crate::problem::Problem;

/// Makes a topic and a group, sends something through them and removes them.
pub(super) async fn try_all(broker: &Broker) -> std::result::Result<(), Problem> {
    let topic = TopicName::new(format!("{}-may-check", broker.prefix()))?;
    let group = GroupName::new("may-check")?;
    let transport = &*broker.transport;
    let admin = transport.admin().map_err(|error| problem(broker, error, ""))?;
    let made = admin.create_topic(&topic).await;
    let is_made = made.is_ok();
    let used = match made {
        // What else goes wrong than rights is for the cases to tell.
        Ok(_) => use_it(transport, &topic, &group, broker.patience())
            .await
            .or_else(|error| if is_right(&error) { Err(error) } else { Ok(()) }),
        Err(error) => Err(error),
    };
    // Also where it was not made: its answer may have been lost on the way.
    let removed = remove(transport, &topic, &group).await;
    let is_left = is_made && removed.is_err();
    let left = if is_left { format!("the topic {topic} is left behind; ") } else { String::new() };
    used.and(removed).map_err(|error| problem(broker, error, &left))
}

async fn use_it(
    transport: &dyn Transport,
    topic: &TopicName,
    group: &GroupName,
    patience: Duration,
) -> Result<()> {
    let options =
        SubscriberOptions { provision: Provision::Ensure, ..SubscriberOptions::default() };
    let subscriber = transport.subscriber(topic, group, options).await?;
    let used = exchange(transport, topic, &*subscriber, patience).await;
    // A group with members is not removed.
    used.and(subscriber.close().await)
}

async fn exchange(
    transport: &dyn Transport,
    topic: &TopicName,
    subscriber: &dyn Subscriber,
    patience: Duration,
) -> Result<()> {
    let options = PublisherOptions { provision: Provision::Ensure };
    let publisher = transport.publisher(topic, options).await?;
    publisher.publish(&[Message::new("may I?").with_key("k")]).await?.remove(0)?;
    let came = subscriber.receive(NonZeroUsize::MIN, patience).await?;
    let acks: Vec<_> = came.into_iter().map(|one| (one.token, Settle::Ack)).collect();
    subscriber.settle(&acks).await?.into_iter().collect::<Result<Vec<_>>>()?;
    publisher.close().await
}

/// Not every broker lists the groups of a topic, to delete them with it.
async fn remove(transport: &dyn Transport, topic: &TopicName, group: &GroupName) -> Result<()> {
    let admin = transport.admin()?;
    match admin.delete_group(topic, group).await {
        Err(error) if error.kind() != Kind::NotFound => return Err(error),
        Ok(_) | Err(_) => {}
    }
    admin.delete_topic(topic).await.map(drop)
}

fn is_right(error: &Error) -> bool {
    matches!(error.kind(), Kind::Forbidden | Kind::Unsupported)
}

fn problem(broker: &Broker, error: Error, left: &str) -> Problem {
    if !is_right(&error) {
        return error.into();
    }
    Problem::new(error).remedy(format!(
        "{left}a check makes and removes topics and groups named {}…: name a user who may, or use --read-only",
        broker.prefix()
    ))
}
