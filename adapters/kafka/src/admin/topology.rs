//! The calls behind topology. A group is a consumer group for one topic, and exists while it has
//! committed offsets of it.

use std::sync::Arc;
use std::time::{Duration, Instant};

use rdkafka::admin::{NewTopic, TopicReplication};
use rdkafka::consumer::{CommitMode, Consumer as _};
use rdkafka::error::{KafkaError, RDKafkaErrorCode as Code};
use rdkafka::{Offset, TopicPartitionList};
use wingman_core::driver::lacking;
use wingman_core::name::{GroupName, TopicName};
use wingman_core::transport::{Created, StartPosition, TopicInfo};
use wingman_core::{Error, Kind, Result};

use crate::config::Config;
use crate::error::{Doing, from_code, from_native};
use crate::subscriber::{group_id, split_group_id};
use crate::transport::{Asking, Cluster};

/// How often we look whether every broker knows of a change.
const LOOK_EACH: Duration = Duration::from_millis(20);

pub(crate) async fn create_topic(cluster: &Arc<Cluster>, topic: &TopicName) -> Result<Created> {
    const OPERATION: &str = "create topic";
    let found = topic.clone();
    if cluster.block_on(move |cluster| partitions(&cluster, &found)).await?.is_some() {
        return Ok(Created::Existed);
    }
    let bytes_max = cluster.config.message_bytes_max().to_string();
    let mut new = NewTopic::new(
        topic.as_str(),
        cluster.config.partitions.map_or(-1, i32::from),
        TopicReplication::Fixed(cluster.config.replicas.map_or(-1, i32::from)),
    );
    if cluster.config.payload_bytes_max > Config::default().payload_bytes_max {
        new = new.set("max.message.bytes", &bytes_max);
    }
    let admin = cluster.admin()?;
    let made = admin.create_topics([&new], &cluster.patience()).await;
    let made = made.map_err(|error| from_native(Doing::Reading, OPERATION, error))?;
    let created = match made.into_iter().next() {
        Some(Err((_, Code::TopicAlreadyExists))) => Created::Existed,
        Some(Err((_, code))) => {
            let error = from_code(Doing::Reading, OPERATION, code).with("topic", topic);
            return Err(lacking(error, format_args!("Create on topic {topic}")));
        }
        Some(Ok(_)) | None => Created::Created,
    };
    wait_for_topic(cluster, topic, true).await?;
    Ok(created)
}

pub(crate) async fn delete_topic(cluster: &Arc<Cluster>, topic: &TopicName) -> Result<bool> {
    const OPERATION: &str = "delete topic";
    let of = topic.clone();
    let groups = cluster.block_on(move |cluster| groups(&cluster, &of)).await?;
    for group in groups {
        match delete_group(cluster, topic, &group).await {
            Err(error) if error.kind() == Kind::Conflict => {
                tracing::debug!(%topic, %group, "A group with members outlives its topic");
            }
            deleted => drop(deleted?),
        }
    }
    let admin = cluster.admin()?;
    let deleted = admin.delete_topics(&[topic.as_str()], &cluster.patience()).await;
    let deleted = deleted.map_err(|error| from_native(Doing::Writing, OPERATION, error))?;
    match deleted.into_iter().next() {
        Some(Err((_, Code::UnknownTopicOrPartition))) => Ok(false),
        Some(Err((_, code))) => {
            let error = from_code(Doing::Writing, OPERATION, code).with("topic", topic);
            Err(lacking(error, format_args!("Delete on topic {topic}")))
        }
        Some(Ok(_)) | None => wait_for_topic(cluster, topic, false).await.map(|()| true),
    }
}

pub(crate) async fn delete_group(
    cluster: &Arc<Cluster>,
    topic: &TopicName,
    group: &GroupName,
) -> Result<bool> {
    const OPERATION: &str = "delete group";
    let admin = cluster.admin()?;
    let id = group_id(topic, group);
    let deleted = admin.delete_groups(&[&id], &cluster.patience()).await;
    let deleted = deleted.map_err(|error| from_native(Doing::Writing, OPERATION, error))?;
    match deleted.into_iter().next() {
        Some(Err((_, Code::GroupIdNotFound | Code::InvalidGroupId))) => Ok(false),
        Some(Err((_, code))) => {
            let error = from_code(Doing::Writing, OPERATION, code);
            let error = error.with("topic", topic).with("group", group);
            Err(lacking(error, format_args!("Delete on group {id}")))
        }
        Some(Ok(_)) | None => Ok(true),
    }
}

/// Commits the start of a group that has committed nothing of this topic.
pub(crate) fn create_group(
    cluster: &Arc<Cluster>,
    topic: &TopicName,
    group: &GroupName,
    start: StartPosition,
) -> Result<Created> {
    const OPERATION: &str = "create group";
    let native = |error| {
        let error = from_native(Doing::Reading, OPERATION, error).with("group", group);
        read_right(error, topic, group)
    };
    let observer = cluster.observer(&group_id(topic, group))?;
    let partitions = require(cluster, topic)?;
    let committed = committed(cluster, &observer, (topic, group), &partitions)?;
    if committed.iter().any(|(_, offset)| offset.is_some()) {
        return Ok(Created::Existed);
    }
    let mut list = TopicPartitionList::with_capacity(partitions.len());
    for partition in &partitions {
        let (low, high) = watermarks(cluster, topic, *partition)?;
        let offset = match start {
            StartPosition::Earliest => low,
            StartPosition::Latest => high,
        };
        let offset = Offset::Offset(offset);
        list.add_partition_offset(topic.as_str(), *partition, offset).map_err(native)?;
    }
    match observer.native().commit(&list, CommitMode::Sync) {
        Ok(()) => Ok(Created::Created),
        // A team's group may be at work on other topics alone: where it begins here is then not ours
        // to say, and the client begins with the earliest.
        Err(KafkaError::ConsumerCommit(Code::UnknownMemberId | Code::IllegalGeneration))
            if topic.is_existing() && start == StartPosition::Latest =>
        {
            let why = "the group is at work and has no place in this topic yet: where it begins is \
                set while it has no members, or start with the earliest";
            let error = Error::new(Kind::Conflict, why).during(OPERATION);
            Err(error.with("group", group).with("topic", topic))
        }
        // Somebody else was quicker, and is at work already.
        Err(KafkaError::ConsumerCommit(Code::UnknownMemberId | Code::IllegalGeneration)) => {
            Ok(Created::Existed)
        }
        Err(error) => Err(native(error)),
    }
}

pub(crate) fn inspect(cluster: &Arc<Cluster>, topic: &TopicName) -> Result<Option<TopicInfo>> {
    let Some(partitions) = partitions(cluster, topic)? else {
        return Ok(None);
    };
    let mut messages = 0;
    for partition in partitions {
        let (low, high) = watermarks(cluster, topic, partition)?;
        messages += high.saturating_sub(low).unsigned_abs();
    }
    Ok(Some(TopicInfo { groups: Some(groups(cluster, topic)?), messages: Some(messages) }))
}

pub(crate) fn lag(cluster: &Arc<Cluster>, topic: &TopicName, group: &GroupName) -> Result<u64> {
    let observer = cluster.observer(&group_id(topic, group))?;
    let partitions = require(cluster, topic)?;
    let committed = committed(cluster, &observer, (topic, group), &partitions)?;
    if committed.iter().all(|(_, offset)| offset.is_none()) {
        let error = Error::new(Kind::NotFound, "the topic has no such group");
        return Err(error.with("group", group).with("topic", topic));
    }
    let mut lag = 0;
    for (partition, offset) in committed {
        let (low, high) = watermarks(cluster, topic, partition)?;
        // A partition that appeared later is read from the earliest.
        lag += high.saturating_sub(offset.unwrap_or(low).max(low)).unsigned_abs();
    }
    Ok(lag)
}

fn read_right(error: Error, topic: &TopicName, group: &GroupName) -> Error {
    let id = group_id(topic, group);
    lacking(error, format_args!("Read on topic {topic} and on group {id}")).with("topic", topic)
}

/// What a group has committed of each partition.
fn committed(
    cluster: &Arc<Cluster>,
    observer: &Asking,
    (topic, group): (&TopicName, &GroupName),
    partitions: &[i32],
) -> Result<Vec<(i32, Option<i64>)>> {
    let list = patiently(cluster, || {
        cluster.ask_by(observer, "inspect group", |native, time| {
            let mut list = TopicPartitionList::with_capacity(partitions.len());
            for partition in partitions {
                list.add_partition(topic.as_str(), *partition);
            }
            native.committed_offsets(list, time)
        })
    })
    .map_err(|error| read_right(error, topic, group))?;
    // Taken apart at once: a list that outlives its client keeps it from ending.
    let offset = |offset| match offset {
        Offset::Offset(offset) => Some(offset),
        _ => None,
    };
    Ok(list.elements().iter().map(|it| (it.partition(), offset(it.offset()))).collect())
}

fn watermarks(cluster: &Arc<Cluster>, topic: &TopicName, partition: i32) -> Result<(i64, i64)> {
    patiently(cluster, || {
        cluster.ask("inspect topic", |native, time| {
            native.fetch_watermarks(topic.as_str(), partition, time)
        })
    })
    .map_err(|error| describe_right(error, topic))
}

fn groups(cluster: &Arc<Cluster>, topic: &TopicName) -> Result<Vec<GroupName>> {
    let list = patiently(cluster, || {
        cluster.ask("inspect topic", |native, time| native.fetch_group_list(None, time))
    })?;
    let mut groups: Vec<_> =
        list.groups().iter().filter_map(|group| split_group_id(group.name(), topic)).collect();
    groups.sort();
    Ok(groups)
}

/// Asks again while a partition or group has no leader yet, which a new or restarted broker needs a
/// moment for. A question that waited out its time is not asked again.
fn patiently<T>(cluster: &Arc<Cluster>, mut ask: impl FnMut() -> Result<T>) -> Result<T> {
    let until = Instant::now() + cluster.config.reply_time();
    loop {
        match ask() {
            Err(error) if error.kind() == Kind::Unavailable && Instant::now() < until => {
                std::thread::sleep(LOOK_EACH);
            }
            answer => return answer,
        }
    }
}

fn describe_right(error: Error, topic: &TopicName) -> Error {
    lacking(error, format_args!("Describe on topic {topic}"))
}

fn require(cluster: &Arc<Cluster>, topic: &TopicName) -> Result<Vec<i32>> {
    partitions(cluster, topic)?
        .ok_or_else(|| Error::new(Kind::NotFound, "there is no such topic").with("topic", topic))
}

/// The partitions of a topic; `None` if there is no topic.
fn partitions(cluster: &Arc<Cluster>, topic: &TopicName) -> Result<Option<Vec<i32>>> {
    const OPERATION: &str = "inspect topic";
    let metadata =
        cluster.ask(OPERATION, |native, time| native.fetch_metadata(Some(topic.as_str()), time))?;
    let Some(found) = metadata.topics().first() else {
        return Ok(None);
    };
    match found.error().map(Code::from) {
        Some(Code::UnknownTopicOrPartition | Code::UnknownTopic) => Ok(None),
        Some(code) => {
            let error = from_code(Doing::Reading, OPERATION, code).with("topic", topic);
            Err(describe_right(error, topic))
        }
        None => Ok(Some(found.partitions().iter().map(|it| it.id()).collect())),
    }
}

/// Whether there is a topic; an error while not each of its partitions has a leader that knows of it.
fn is_served(cluster: &Arc<Cluster>, topic: &TopicName) -> Result<bool> {
    let Some(partitions) = partitions(cluster, topic)? else {
        return Ok(false);
    };
    partitions.iter().try_for_each(|it| watermarks(cluster, topic, *it).map(drop))?;
    Ok(true)
}

/// Brokers learn of a change one after the other.
async fn wait_for_topic(cluster: &Arc<Cluster>, topic: &TopicName, exists: bool) -> Result<()> {
    let until = Instant::now() + cluster.config.reply_time();
    loop {
        let of = topic.clone();
        let found = cluster.block_on(move |cluster| is_served(&cluster, &of)).await;
        match found {
            Ok(found) if found == exists => return Ok(()),
            // One broker says so, another not yet.
            Err(error) if !matches!(error.kind(), Kind::Unavailable | Kind::NotFound) => {
                return Err(error);
            }
            Ok(_) | Err(_) if Instant::now() > until => {
                let why = "the brokers do not agree on the topic in time";
                return Err(Error::new(Kind::Timeout, why).with("topic", topic));
            }
            Ok(_) | Err(_) => tokio::time::sleep(LOOK_EACH).await,
        }
    }
}
