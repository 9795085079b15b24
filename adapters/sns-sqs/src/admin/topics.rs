//! Topics of SNS, and the queues that are subscribed to them.

use aws_sdk_sns::types::Subscription;
use wingman_core::name::TopicName;
use wingman_core::transport::Created;
use wingman_core::{Error, Kind, Result};

use super::{groups, names};
use crate::error::{Doing, from_native};
use crate::transport::Account;

/// Answers of one listing that are read: 100 subscriptions each.
const PAGES_MAX: usize = 1_000;

pub(crate) async fn create(account: &Account, topic: &TopicName) -> Result<Created> {
    if exists(account, topic).await? {
        return Ok(Created::Existed);
    }
    let name = names::of_topic(topic, account.config.fifo);
    let mut call = account.clients.sns.create_topic().name(name);
    if account.config.fifo {
        call = call.attributes("FifoTopic", "true");
        // Throughput is per key, not of the topic as a whole (SNS documentation, "High throughput").
        call = call.attributes("FifoThroughputScope", "MessageGroup");
    }
    let made = call.send().await;
    made.map_err(|error| from_native(Doing::Reading, "create topic", error).with("topic", topic))?;
    Ok(Created::Created)
}

/// Deletes a topic with the queues of its groups; those of others are left.
pub(crate) async fn delete(account: &Account, topic: &TopicName) -> Result<bool> {
    let Some(queues) = find(account, topic).await? else {
        return Ok(false);
    };
    for group in groups::of_queues(account, topic, &queues).await? {
        groups::delete(account, topic, &group).await?;
    }
    let call = account.clients.sns.delete_topic().topic_arn(account.topic_arn(topic).await?);
    let deleted = call.send().await;
    deleted
        .map_err(|error| from_native(Doing::Writing, "delete topic", error).with("topic", topic))?;
    Ok(true)
}

/// The queues that are subscribed to a topic; `None` if there is no topic.
pub(crate) async fn find(
    account: &Account,
    topic: &TopicName,
) -> Result<Option<Vec<SubscribedQueue>>> {
    let listed = subscribed_queues(account, &account.topic_arn(topic).await?).await;
    match listed {
        Ok(queues) => Ok(Some(queues)),
        Err(error) if error.kind() == Kind::NotFound => Ok(None),
        Err(error) => Err(error.with("topic", topic)),
    }
}

/// The same; `NotFound` names the topic if it is missing.
pub(crate) async fn require(account: &Account, topic: &TopicName) -> Result<Vec<SubscribedQueue>> {
    find(account, topic)
        .await?
        .ok_or_else(|| Error::new(Kind::NotFound, "there is no such topic").with("topic", topic))
}

/// A queue that a topic sends to.
#[derive(Debug, Clone)]
pub(crate) struct SubscribedQueue {
    pub(crate) arn: String,
    pub(crate) subscription: String,
}

/// `NotFound` if there is no topic of this ARN.
pub(crate) async fn subscribed_queues(
    account: &Account,
    topic_arn: &str,
) -> Result<Vec<SubscribedQueue>> {
    let call = account.clients.sns.list_subscriptions_by_topic().topic_arn(topic_arn);
    let mut found = Vec::new();
    let mut next = None;
    for _ in 0..PAGES_MAX {
        let page = call.clone().set_next_token(next).send().await;
        let page = page.map_err(|error| from_native(Doing::Reading, "inspect", error))?;
        found.extend(page.subscriptions().iter().filter_map(queue));
        next = page.next_token;
        if next.is_none() {
            return Ok(found);
        }
    }
    Err(Error::new(Kind::Unsupported, "the topic has too many subscriptions").during("inspect"))
}

fn queue(subscription: &Subscription) -> Option<SubscribedQueue> {
    let is_queue = subscription.protocol() == Some("sqs");
    let (arn, own) = subscription.endpoint().zip(subscription.subscription_arn())?;
    is_queue.then(|| SubscribedQueue { arn: arn.to_owned(), subscription: own.to_owned() })
}

async fn exists(account: &Account, topic: &TopicName) -> Result<bool> {
    let call = account.clients.sns.get_topic_attributes();
    let asked = call.topic_arn(account.topic_arn(topic).await?).send().await;
    match asked.map_err(|error| from_native(Doing::Reading, "inspect", error)) {
        Ok(_) => Ok(true),
        Err(error) if error.kind() == Kind::NotFound => Ok(false),
        Err(error) => Err(error.with("topic", topic)),
    }
}
