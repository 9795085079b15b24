//! The calls behind topology. A topic is a durable topic exchange, a group a durable queue that is
//! bound to it for every routing key. Each asks on a channel of its own: a no ends the channel.

use lapin::ExchangeKind;
use lapin::options::{
    ExchangeDeclareOptions, ExchangeDeleteOptions, QueueBindOptions, QueueDeclareOptions,
    QueueDeleteOptions,
};
use lapin::types::{AMQPValue, FieldTable, ShortString};
use sha2::{Digest as _, Sha256};
use wingman_core::driver::lacking;
use wingman_core::name::{GroupName, TopicName};
use wingman_core::transport::Created;
use wingman_core::{Error, Kind, Result};

use crate::config::SHORT_BYTES_MAX;
use crate::transport::{Purpose, Server};

/// Whether a queue is one of ours.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Standing {
    /// It has exactly the settings that we give.
    Ours,
    /// It was there, and its settings are its owner's.
    Found,
}

/// The name of a group's queue. A team's is the topic itself. Neither name can hold the sign; one that
/// is too long is cut, and told apart by its digest.
pub(crate) fn queue_name(topic: &TopicName, group: &GroupName) -> ShortString {
    const DIGEST_CHARS: usize = 32;
    if topic.is_existing() {
        return topic.as_str().into();
    }
    let whole = format!("{group}@{topic}");
    if whole.len() <= SHORT_BYTES_MAX {
        return whole.into();
    }
    let digest = Sha256::digest(whole.as_bytes());
    let mut name = whole;
    // Names are ASCII.
    name.truncate(SHORT_BYTES_MAX - DIGEST_CHARS - 1);
    name.push('~');
    digest[..DIGEST_CHARS / 2].iter().for_each(|byte| name.push_str(&format!("{byte:02x}")));
    name.into()
}

/// A team's topic is its queue.
pub(crate) async fn topic_exists(server: &Server, topic: &TopicName) -> Result<bool> {
    if topic.is_existing() {
        return queue_exists(server, &topic.as_str().into()).await;
    }
    let channel = server.connector.channel(Purpose::Consuming).await?;
    let options = ExchangeDeclareOptions { passive: true, ..ExchangeDeclareOptions::default() };
    let (kind, none) = (ExchangeKind::Topic, FieldTable::default());
    let asked = channel.exchange_declare(topic.as_str().into(), kind, options, none);
    is_there(server.connector.ask("find the exchange", asked).await)
}

pub(crate) async fn require_topic(server: &Server, topic: &TopicName) -> Result<()> {
    if topic_exists(server, topic).await? {
        return Ok(());
    }
    let why = match topic.is_existing() {
        true => "there is no such queue",
        false => "there is no such topic (exchange)",
    };
    let error = Error::new(Kind::NotFound, why);
    Err(error.with("topic", topic))
}

pub(crate) async fn create_topic(server: &Server, topic: &TopicName) -> Result<Created> {
    if topic_exists(server, topic).await? {
        return Ok(Created::Existed);
    }
    let channel = server.connector.channel(Purpose::Consuming).await?;
    let options = ExchangeDeclareOptions { durable: true, ..ExchangeDeclareOptions::default() };
    let (kind, none) = (ExchangeKind::Topic, FieldTable::default());
    let made = channel.exchange_declare(topic.as_str().into(), kind, options, none);
    match server.connector.ask("create topic", made).await {
        Ok(()) => Ok(Created::Created),
        // Somebody else was quicker, with other settings.
        Err(error) if error.kind() == Kind::Conflict => Ok(Created::Existed),
        Err(error) => Err(may_configure(error, topic.as_str()).with("topic", topic)),
    }
}

/// Names what a user who may not make or remove something lacks.
fn may_configure(error: Error, name: &str) -> Error {
    lacking(error, format_args!("configure on {name}"))
}

pub(crate) async fn require_group(
    server: &Server,
    topic: &TopicName,
    group: &GroupName,
) -> Result<()> {
    if queue_exists(server, &queue_name(topic, group)).await? {
        return Ok(());
    }
    let error = Error::new(Kind::NotFound, "the topic has no such group (queue)");
    Err(error.with("group", group).with("topic", topic))
}

/// Makes a group of an existing topic. A queue that is there with other settings is left as it
/// stands, and so are its bindings.
pub(crate) async fn create_group(
    server: &Server,
    topic: &TopicName,
    group: &GroupName,
    ordered: bool,
) -> Result<(Created, Standing)> {
    if topic.is_existing() {
        require_topic(server, topic).await?;
        return Ok((Created::Existed, Standing::Found));
    }
    let queue = queue_name(topic, group);
    let place = |error: Error| error.with("topic", topic).with("group", group);
    let existed = queue_exists(server, &queue).await?;
    let channel = server.connector.channel(Purpose::Consuming).await?;
    let options = QueueDeclareOptions { durable: true, ..QueueDeclareOptions::default() };
    // Of one that exists, this only asks whether its settings are these.
    let declared = channel.queue_declare(queue.clone(), options, arguments(ordered));
    match server.connector.ask("create group", declared).await {
        Ok(_) => {}
        Err(error) if existed && is_told_apart(&error) => {
            tracing::warn!(%topic, %group, %queue, "The queue has other settings than ours and is used as it stands: it may count no attempts, and its bindings are its owner's");
            server.know(topic, group);
            return Ok((Created::Existed, Standing::Found));
        }
        Err(error) => return Err(place(may_configure(error, queue.as_str()))),
    }
    let (all, none) = ("#".into(), FieldTable::default());
    let options = QueueBindOptions::default();
    let bound = channel.queue_bind(queue.clone(), topic.as_str().into(), all, options, none);
    let may_bind = |error| lacking(error, format_args!("read on {topic} and write on {queue}"));
    let bound = server.connector.ask("create group", bound).await;
    bound.map_err(|error| place(may_bind(error)))?;
    server.know(topic, group);
    let created = if existed { Created::Existed } else { Created::Created };
    Ok((created, Standing::Ours))
}

pub(crate) async fn delete_group(
    server: &Server,
    topic: &TopicName,
    group: &GroupName,
) -> Result<bool> {
    let queue = queue_name(topic, group);
    if !queue_exists(server, &queue).await? {
        server.forget(topic, group);
        return Ok(false);
    }
    let channel = server.connector.channel(Purpose::Consuming).await?;
    let deleted = channel.queue_delete(queue.clone(), QueueDeleteOptions::default());
    let deleted = server.connector.ask("delete group", deleted).await;
    deleted.map_err(|error| may_configure(error, queue.as_str()))?;
    server.forget(topic, group);
    Ok(true)
}

/// The exchange goes last, so that what was begun can be done again.
pub(crate) async fn delete_topic(server: &Server, topic: &TopicName) -> Result<bool> {
    if !topic_exists(server, topic).await? {
        return Ok(false);
    }
    for group in server.known(topic) {
        delete_group(server, topic, &group).await?;
    }
    let channel = server.connector.channel(Purpose::Consuming).await?;
    let deleted = channel.exchange_delete(topic.as_str().into(), ExchangeDeleteOptions::default());
    let deleted = server.connector.ask("delete topic", deleted).await;
    deleted.map(|()| true).map_err(|error| may_configure(error, topic.as_str()))
}

async fn queue_exists(server: &Server, queue: &ShortString) -> Result<bool> {
    let channel = server.connector.channel(Purpose::Consuming).await?;
    let options = QueueDeclareOptions { passive: true, ..QueueDeclareOptions::default() };
    let asked = channel.queue_declare(queue.clone(), options, FieldTable::default());
    is_there(server.connector.ask("find the queue", asked).await)
}

fn is_there<T>(asked: Result<T>) -> Result<bool> {
    match asked {
        Ok(_) => Ok(true),
        Err(error) if error.kind() == Kind::NotFound => Ok(false),
        Err(error) => Err(error),
    }
}

/// It has other settings, or this user may not ask what it has.
fn is_told_apart(error: &Error) -> bool {
    matches!(error.kind(), Kind::Conflict | Kind::Forbidden)
}

/// The settings of a queue of ours. Since 4.0 a quorum queue drops what was delivered 20 times: the
/// limit that stands here is never reached.
fn arguments(ordered: bool) -> FieldTable {
    let mut table = FieldTable::default();
    table.insert("x-queue-type".into(), AMQPValue::LongString("quorum".into()));
    table.insert("x-delivery-limit".into(), AMQPValue::LongInt(i32::MAX));
    if ordered {
        table.insert("x-single-active-consumer".into(), AMQPValue::Boolean(true));
    }
    table
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn queue_names_are_readable_and_long_ones_stay_apart() {
        let topic = TopicName::new("shop.orders").unwrap();
        let group = GroupName::new("billing").unwrap();
        assert_eq!(queue_name(&topic, &group).as_str(), "billing@shop.orders");
        let long = |end: &str| {
            let group = GroupName::new(format!("{}{end}", "g".repeat(199))).unwrap();
            let topic = TopicName::new("t".repeat(200)).unwrap();
            queue_name(&topic, &group)
        };
        assert_eq!(long("a").as_str().len(), SHORT_BYTES_MAX);
        assert_ne!(long("a"), long("b"));
    }
}
