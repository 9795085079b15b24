//! Groups: a queue each, subscribed to the topic.

use std::collections::HashMap;

use aws_sdk_sqs::types::QueueAttributeName;
use wingman_core::name::{GroupName, TopicName};
use wingman_core::transport::Created;
use wingman_core::{Error, Kind, Result};

use super::topics::SubscribedQueue;
use super::{names, topics};
use crate::error::{Doing, from_native};
use crate::transport::Account;

/// The tag of a queue that says whose it is: a name with a digest does not.
const GROUP_TAG: &str = "wingman-group";
const TOPIC_TAG: &str = "wingman-topic";
/// The longest that SQS keeps a message (SQS quotas): a group that is away loses nothing sooner.
const KEPT_SECONDS: &str = "1209600";

pub(crate) async fn create(
    account: &Account,
    topic: &TopicName,
    group: &GroupName,
) -> Result<Created> {
    if topic.is_existing() {
        return require_url(account, topic, group).await.map(|_| Created::Existed);
    }
    let subscribed = topics::require(account, topic).await?;
    let (topic_arn, queue_arn) =
        (account.topic_arn(topic).await?, account.queue_arn(topic, group).await?);
    let named = |error: Error| error.with("topic", topic).with("group", group);
    let found = url(account, &account.queue_name(topic, group)).await?;
    let is_subscribed = subscribed.iter().any(|queue| queue.arn == queue_arn);
    match (&found, is_subscribed) {
        (Some(_), true) => return Ok(Created::Existed),
        // Used as it stands, if it can be.
        (Some(url), false) => check_policy(account, url, &topic_arn).await.map_err(named)?,
        (None, _) => {
            make_queue(account, (topic, group), &topic_arn, &queue_arn).await.map_err(named)?;
        }
    }
    if !is_subscribed {
        let call = account.clients.sns.subscribe().topic_arn(topic_arn).protocol("sqs");
        let made = call.endpoint(queue_arn).attributes("RawMessageDelivery", "true").send().await;
        made.map_err(|error| named(from_native(Doing::Reading, "create group", error)))?;
    }
    Ok(Created::Created)
}

/// The queue with its policy: in one call, so that no queue is ever there without it.
async fn make_queue(
    account: &Account,
    (topic, group): (&TopicName, &GroupName),
    topic_arn: &str,
    queue_arn: &str,
) -> Result<()> {
    let mut call = account
        .clients
        .sqs
        .create_queue()
        .queue_name(account.queue_name(topic, group))
        .attributes(QueueAttributeName::Policy, policy(topic_arn, queue_arn))
        .attributes(QueueAttributeName::MessageRetentionPeriod, KEPT_SECONDS)
        .tags(TOPIC_TAG, topic.as_str())
        .tags(GROUP_TAG, group.as_str());
    if account.config.fifo {
        call = call
            .attributes(QueueAttributeName::FifoQueue, "true")
            .attributes(QueueAttributeName::DeduplicationScope, "messageGroup")
            .attributes(QueueAttributeName::FifoThroughputLimit, "perMessageGroupId");
    }
    let made = call.send().await;
    made.map(drop).map_err(|error| from_native(Doing::Reading, "create group", error))
}

/// Lets exactly this topic send to exactly this queue.
fn policy(topic_arn: &str, queue_arn: &str) -> String {
    serde_json::json!({
        "Version": "2012-10-17",
        "Statement": [{
            "Sid": "wingman",
            "Effect": "Allow",
            "Principal": { "Service": "sns.amazonaws.com" },
            "Action": "sqs:SendMessage",
            "Resource": queue_arn,
            "Condition": { "ArnEquals": { "aws:SourceArn": topic_arn } },
        }],
    })
    .to_string()
}

/// A queue that was there before: without leave for the topic nothing would ever come.
async fn check_policy(account: &Account, url: &str, topic_arn: &str) -> Result<()> {
    let found = attributes(account, url, &[QueueAttributeName::Policy], "create group").await?;
    let policy = found.get(&QueueAttributeName::Policy).map_or("", String::as_str);
    if policy.contains(topic_arn) || policy.contains('*') {
        return Ok(());
    }
    let why = "the queue exists, and its policy does not let the topic send to it: allow \
               sqs:SendMessage to sns.amazonaws.com for this aws:SourceArn";
    Err(Error::new(Kind::Conflict, why).during("create group").with("source_arn", topic_arn))
}

pub(crate) async fn delete(
    account: &Account,
    topic: &TopicName,
    group: &GroupName,
) -> Result<bool> {
    const OPERATION: &str = "delete group";
    let named = |error: Error| error.with("topic", topic).with("group", group);
    let queue_arn = account.queue_arn(topic, group).await?;
    for queue in topics::find(account, topic).await?.unwrap_or_default() {
        if queue.arn == queue_arn {
            let call = account.clients.sns.unsubscribe().subscription_arn(queue.subscription);
            let ended = call.send().await;
            ended.map_err(|error| named(from_native(Doing::Writing, OPERATION, error)))?;
        }
    }
    let Some(url) = url(account, &account.queue_name(topic, group)).await? else {
        return Ok(false);
    };
    let deleted = account.clients.sqs.delete_queue().queue_url(url).send().await;
    deleted.map_err(|error| named(from_native(Doing::Writing, OPERATION, error)))?;
    Ok(true)
}

/// The groups among subscribed queues; queues of others are none.
pub(crate) async fn of_queues(
    account: &Account,
    topic: &TopicName,
    queues: &[SubscribedQueue],
) -> Result<Vec<GroupName>> {
    let mut groups = Vec::with_capacity(queues.len());
    for queue in queues {
        let name = names::in_arn(&queue.arn);
        let group = match names::group_in(name, topic) {
            Some(group) => url(account, name).await?.map(|_| group),
            None => tagged(account, topic, name).await?,
        };
        groups.extend(group);
    }
    Ok(groups)
}

/// The group that a queue's tag names, if the queue is that group's.
async fn tagged(account: &Account, topic: &TopicName, queue: &str) -> Result<Option<GroupName>> {
    let Some(url) = url(account, queue).await? else {
        return Ok(None);
    };
    let asked = account.clients.sqs.list_queue_tags().queue_url(url).send().await;
    let tags = match asked.map_err(|error| from_native(Doing::Reading, "inspect", error)) {
        Ok(told) => told.tags.unwrap_or_default(),
        // A queue of others, perhaps of another account.
        Err(error) if matches!(error.kind(), Kind::NotFound | Kind::Forbidden) => return Ok(None),
        Err(error) => return Err(error),
    };
    let group = tags.get(GROUP_TAG).and_then(|group| GroupName::new(group).ok());
    Ok(group.filter(|group| account.queue_name(topic, group) == queue))
}

/// `NotFound` if the topic or the group is missing.
pub(crate) async fn lag(account: &Account, topic: &TopicName, group: &GroupName) -> Result<u64> {
    let url = require_url(account, topic, group).await?;
    // Both are messages that nobody has; in flight are those that were handed over.
    let waiting = [
        QueueAttributeName::ApproximateNumberOfMessages,
        QueueAttributeName::ApproximateNumberOfMessagesDelayed,
    ];
    let told = attributes(account, &url, &waiting, "lag").await?;
    let number = |name| told.get(name).and_then(|text| text.parse::<u64>().ok()).unwrap_or(0);
    Ok(waiting.iter().map(number).sum())
}

/// Whether the queue gets messages as they were published, not in the envelope of SNS.
pub(crate) async fn is_raw(
    account: &Account,
    topic: &TopicName,
    group: &GroupName,
) -> Result<bool> {
    let queue_arn = account.queue_arn(topic, group).await?;
    let queues = topics::require(account, topic).await?;
    let Some(queue) = queues.into_iter().find(|queue| queue.arn == queue_arn) else {
        let error = Error::new(Kind::NotFound, "the group's queue is not subscribed to the topic");
        return Err(error.with("topic", topic).with("group", group));
    };
    let call = account.clients.sns.get_subscription_attributes();
    let asked = call.subscription_arn(queue.subscription).send().await;
    let told = asked.map_err(|error| from_native(Doing::Reading, "inspect", error))?;
    let told = told.attributes.unwrap_or_default();
    Ok(told.get("RawMessageDelivery").is_some_and(|raw| raw == "true"))
}

/// The queue of a group; `NotFound` names it if it is missing.
pub(crate) async fn require_url(
    account: &Account,
    topic: &TopicName,
    group: &GroupName,
) -> Result<String> {
    let queue = account.queue_name(topic, group);
    url(account, &queue).await?.ok_or_else(|| {
        let error = Error::new(Kind::NotFound, "the group has no queue");
        error.with("group", group).with("topic", topic).with("queue", queue)
    })
}

/// The URL of a queue of the account; `None` if there is no such queue.
pub(super) async fn url(account: &Account, queue: &str) -> Result<Option<String>> {
    let mut call = account.clients.sqs.get_queue_url().queue_name(queue);
    if let Some(owner) = &account.config.account {
        call = call.queue_owner_aws_account_id(owner);
    }
    match call.send().await.map_err(|error| from_native(Doing::Reading, "inspect", error)) {
        Ok(told) => Ok(told.queue_url),
        Err(error) if error.kind() == Kind::NotFound => Ok(None),
        Err(error) => Err(error.with("queue", queue)),
    }
}

async fn attributes(
    account: &Account,
    url: &str,
    names: &[QueueAttributeName],
    operation: &'static str,
) -> Result<HashMap<QueueAttributeName, String>> {
    let call = account.clients.sqs.get_queue_attributes().queue_url(url);
    let told = call.set_attribute_names(Some(names.to_vec())).send().await;
    let told = told.map_err(|error| from_native(Doing::Reading, operation, error))?;
    Ok(told.attributes.unwrap_or_default())
}
