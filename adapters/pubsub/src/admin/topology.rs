//! The calls behind topology. A group is a subscription; it keeps its order by key and never expires.

use google_cloud_gax::options::RequestOptionsBuilder as _;
use google_cloud_gax::paginator::ItemPaginator as _;
use google_cloud_pubsub::model::{ExpirationPolicy, Subscription};
use wingman_core::name::{GroupName, TopicName};
use wingman_core::transport::{Created, TopicInfo};
use wingman_core::{Error, Kind, Result};

use crate::error::{Doing, from_native};
use crate::transport::{Link, group_of, subscription_path, topic_path};

/// How long the service keeps a delivery for a client that said nothing: the longest that it allows,
/// so that only the leases that the client asks for decide.
const ACK_SECONDS: i32 = 60;
/// Subscriptions of one page.
const PAGE: i32 = 1_000;

/// One round trip.
pub(crate) async fn ping(link: &Link) -> Result<()> {
    let call = link.topics().await?.list_topics();
    let call = call.set_project(format!("projects/{}", link.config.project)).set_page_size(1);
    let reply = call.with_attempt_timeout(link.config.reply_time()).send().await;
    reply.map(drop).map_err(|error| from_native(Doing::Reading, "ping", &error))
}

/// Whether a subscription answers.
pub(crate) async fn subscription_is_there(link: &Link, path: &str) -> Result<()> {
    let call = link.subscriptions().await?.get_subscription().set_subscription(path);
    let reply = call.with_attempt_timeout(link.config.reply_time()).send().await;
    reply.map(drop).map_err(|error| from_native(Doing::Reading, "receive", &error))
}

pub(super) async fn create_topic(link: &Link, topic: &TopicName) -> Result<Created> {
    let call = link.topics().await?.create_topic();
    let call = call.set_name(topic_path(&link.config.project, topic));
    let made = call.with_attempt_timeout(link.config.reply_time()).send().await;
    let made = made.map(drop).map_err(|error| from_native(Doing::Reading, "create topic", &error));
    created(made).map_err(|error| error.with("topic", topic))
}

pub(super) async fn create_group(
    link: &Link,
    topic: &TopicName,
    group: &GroupName,
) -> Result<Created> {
    if topic.is_existing() {
        let path = subscription_path(&link.config.project, topic, group)?;
        return subscription_is_there(link, &path).await.map(|()| Created::Existed);
    }
    let call = link
        .subscriptions()
        .await?
        .create_subscription()
        .set_name(subscription_path(&link.config.project, topic, group)?)
        .set_topic(topic_path(&link.config.project, topic))
        .set_ack_deadline_seconds(ACK_SECONDS)
        .set_enable_message_ordering(true)
        // Without a time to live it stays, however long nobody listens (T1).
        .set_expiration_policy(ExpirationPolicy::new());
    let made = call.with_attempt_timeout(link.config.reply_time()).send().await;
    let made = made.map(drop).map_err(|error| from_native(Doing::Reading, "create group", &error));
    created(made).map_err(|error| error.with("topic", topic).with("group", group))
}

pub(super) async fn delete_topic(link: &Link, topic: &TopicName) -> Result<bool> {
    let Some(subscriptions) = subscriptions(link, topic).await? else {
        return Ok(false);
    };
    // They would stay behind, without their topic.
    for path in subscriptions.iter().filter(|path| group_of(path, topic).is_some()) {
        delete_subscription(link, path).await?;
    }
    let call = link.topics().await?.delete_topic();
    let call = call.set_topic(topic_path(&link.config.project, topic));
    let deleted = call.with_attempt_timeout(link.config.reply_time()).send().await;
    found(deleted.map_err(|error| from_native(Doing::Writing, "delete topic", &error)))
        .map_err(|error| error.with("topic", topic))
}

pub(super) async fn delete_group(
    link: &Link,
    topic: &TopicName,
    group: &GroupName,
) -> Result<bool> {
    delete_subscription(link, &subscription_path(&link.config.project, topic, group)?).await
}

async fn delete_subscription(link: &Link, path: &str) -> Result<bool> {
    let call = link.subscriptions().await?.delete_subscription().set_subscription(path);
    let deleted = call.with_attempt_timeout(link.config.reply_time()).send().await;
    found(deleted.map_err(|error| from_native(Doing::Writing, "delete group", &error)))
        .map_err(|error| error.with("subscription", path))
}

pub(super) async fn inspect(link: &Link, topic: &TopicName) -> Result<Option<TopicInfo>> {
    if topic.is_existing() {
        return Ok(team_subscription(link, topic)
            .await?
            .map(|_| TopicInfo { groups: None, messages: None }));
    }
    let info = |paths: Vec<String>| TopicInfo {
        // Subscriptions of other programs are no groups of ours.
        groups: Some(paths.iter().filter_map(|path| group_of(path, topic)).collect()),
        messages: None,
    };
    Ok(subscriptions(link, topic).await?.map(info))
}

/// A team's subscription, as the service tells it; `None` if there is none.
pub(crate) async fn team_subscription(
    link: &Link,
    topic: &TopicName,
) -> Result<Option<Subscription>> {
    let path = format!("projects/{}/subscriptions/{topic}", link.config.project);
    let call = link.subscriptions().await?.get_subscription().set_subscription(path);
    let told = call.with_attempt_timeout(link.config.reply_time()).send().await;
    match told.map_err(|error| from_native(Doing::Reading, "inspect", &error)) {
        Ok(told) => Ok(Some(told)),
        Err(error) if error.kind() == Kind::NotFound => Ok(None),
        Err(error) => Err(error.with("subscription", topic)),
    }
}

/// The subscriptions of a topic; `None` if there is no topic.
async fn subscriptions(link: &Link, topic: &TopicName) -> Result<Option<Vec<String>>> {
    let call = link.topics().await?.get_topic();
    let call = call.set_topic(topic_path(&link.config.project, topic));
    // Of a topic that is not there the emulator lists nothing.
    let there = call.with_attempt_timeout(link.config.reply_time()).send().await;
    if !found(there.map(drop).map_err(|error| from_native(Doing::Reading, "inspect", &error)))? {
        return Ok(None);
    }
    let call = link.topics().await?.list_topic_subscriptions();
    let call = call.set_topic(topic_path(&link.config.project, topic)).set_page_size(PAGE);
    let mut paths = call.with_attempt_timeout(link.config.reply_time()).by_item();
    let mut all = Vec::new();
    while let Some(path) = paths.next().await {
        match path.map_err(|error| from_native(Doing::Reading, "inspect", &error)) {
            Ok(path) => all.push(path),
            Err(error) if error.kind() == Kind::NotFound => return Ok(None),
            Err(error) => return Err(error.with("topic", topic)),
        }
    }
    Ok(Some(all))
}

fn created(made: Result<()>) -> Result<Created> {
    match made {
        Ok(()) => Ok(Created::Created),
        Err(error) if is(&error, "ALREADY_EXISTS") => Ok(Created::Existed),
        Err(error) => Err(error),
    }
}

/// Whether what a call was about is there.
fn found(called: Result<()>) -> Result<bool> {
    match called {
        Ok(()) => Ok(true),
        Err(error) if error.kind() == Kind::NotFound => Ok(false),
        Err(error) => Err(error),
    }
}

fn is(error: &Error, code: &str) -> bool {
    error.context("code") == Some(code)
}
