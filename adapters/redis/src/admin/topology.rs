//! The commands behind topology. A topic is a stream, which exists without entries; a group is a
//! consumer group of it, with a few keys of ours beside.

use redis::streams::StreamInfoGroupsReply;
use redis::{Value, from_redis_value};
use wingman_core::driver::lacking;
use wingman_core::name::{GroupName, TopicName};
use wingman_core::transport::{Created, StartPosition, TopicInfo};
use wingman_core::{Error, Kind, Result};

use crate::error::{Doing, from_native};
use crate::subscriber::SideKeys;
use crate::transport::Connection;

/// The right to make topics and groups.
const MAY_CREATE: &str = "+xgroup|create";

/// A group as the server tells it.
#[derive(Debug)]
pub(crate) struct FoundGroup {
    pub(crate) name: String,
    pub(crate) lag: Option<u64>,
}

/// Only an empty consumer group leaves an empty stream behind. A key of another type is refused. What
/// a script may not call is an error without a code, so that it is asked before.
const CREATE: &str = "
if redis.call('EXISTS', KEYS[1]) == 1 then
  redis.call('XLEN', KEYS[1])
  return 0
end
if not redis.acl_check_cmd('XGROUP', 'CREATE', KEYS[1], 'wingman', '$', 'MKSTREAM') then
  return redis.error_reply('NOPERM this user may not create')
end
redis.call('XGROUP', 'CREATE', KEYS[1], 'wingman', '$', 'MKSTREAM')
redis.call('XGROUP', 'DESTROY', KEYS[1], 'wingman')
return 1";

pub(crate) async fn create_topic(connection: &Connection, topic: &TopicName) -> Result<Created> {
    let script = redis::Script::new(CREATE);
    let mut call = script.prepare_invoke();
    call.key(topic.as_str());
    let made: i64 = connection
        .script((Doing::Reading, "create topic"), &call)
        .await
        .map_err(|error| lacking(error, MAY_CREATE).with("topic", topic))?;
    Ok(created(made == 1))
}

pub(crate) async fn create_group(
    connection: &Connection,
    topic: &TopicName,
    group: &GroupName,
    start: StartPosition,
) -> Result<Created> {
    let existing = require(connection, topic, None).await?;
    if existing.iter().any(|it| it.name == group.as_str()) {
        return Ok(Created::Existed);
    }
    let begin = match start {
        StartPosition::Earliest => "0",
        StartPosition::Latest => "$",
    };
    let mut command = redis::cmd("XGROUP");
    command.arg("CREATE").arg(topic.as_str()).arg(group.as_str());
    command.arg(begin);
    // What a team has is never made, also not by a race with its deletion.
    if !topic.is_existing() {
        command.arg("MKSTREAM");
    }
    let made: Result<()> = connection.command((Doing::Reading, "create group"), &command).await;
    match made {
        Ok(()) => Ok(Created::Created),
        // Somebody else was quicker.
        Err(error) if error.context("code") == Some("BUSYGROUP") => Ok(Created::Existed),
        Err(error) => Err(lacking(error, MAY_CREATE).with("topic", topic).with("group", group)),
    }
}

pub(crate) async fn delete_topic(connection: &Connection, topic: &TopicName) -> Result<bool> {
    let Some(groups) = groups(connection, topic).await? else {
        return Ok(false);
    };
    let mut command = redis::cmd("DEL");
    command.arg(topic.as_str());
    for group in &groups {
        command.arg(SideKeys::new(topic, &group.name).all());
    }
    let deleted: u64 = connection.command((Doing::Writing, "delete topic"), &command).await?;
    Ok(deleted > 0)
}

pub(crate) async fn delete_group(
    connection: &Connection,
    topic: &TopicName,
    group: &GroupName,
) -> Result<bool> {
    let Some(groups) = groups(connection, topic).await? else {
        return Ok(false);
    };
    if groups.iter().all(|it| it.name != group.as_str()) {
        return Ok(false);
    }
    let mut pipeline = redis::pipe();
    pipeline.atomic();
    pipeline.cmd("XGROUP").arg("DESTROY").arg(topic.as_str()).arg(group.as_str());
    pipeline.cmd("DEL").arg(SideKeys::new(topic, group.as_str()).all());
    let (destroyed, _): (u64, u64) =
        connection.pipeline((Doing::Writing, "delete group"), &pipeline).await?;
    Ok(destroyed > 0)
}

pub(crate) async fn inspect(
    connection: &Connection,
    topic: &TopicName,
) -> Result<Option<TopicInfo>> {
    let Some(groups) = groups(connection, topic).await? else {
        return Ok(None);
    };
    let mut command = redis::cmd("XLEN");
    command.arg(topic.as_str());
    let messages = connection.command((Doing::Reading, "inspect"), &command).await?;
    let group = |it: &FoundGroup| match topic.is_existing() {
        true => GroupName::existing(&it.name).ok(),
        // A group of another program may have a name that ours cannot have.
        false => GroupName::new(&it.name).ok(),
    };
    Ok(Some(TopicInfo {
        groups: Some(groups.iter().filter_map(group).collect()),
        messages: Some(messages),
    }))
}

/// The groups of a topic; `NotFound` names the topic, or the group, that is missing.
pub(crate) async fn require(
    connection: &Connection,
    topic: &TopicName,
    group: Option<&GroupName>,
) -> Result<Vec<FoundGroup>> {
    let Some(groups) = groups(connection, topic).await? else {
        let error = Error::new(Kind::NotFound, "there is no such topic (stream)");
        return Err(error.with("topic", topic));
    };
    match group {
        Some(group) if groups.iter().all(|it| it.name != group.as_str()) => {
            let error = Error::new(Kind::NotFound, "the topic has no such group");
            Err(error.with("group", group).with("topic", topic))
        }
        Some(_) | None => Ok(groups),
    }
}

/// The groups of a topic; `None` if there is no topic.
async fn groups(connection: &Connection, topic: &TopicName) -> Result<Option<Vec<FoundGroup>>> {
    const OPERATION: &str = "inspect";
    let mut pipeline = redis::pipe();
    // A missing key is an error of XINFO that has no code of its own.
    pipeline.ignore_errors();
    pipeline.cmd("EXISTS").arg(topic.as_str());
    pipeline.cmd("XINFO").arg("GROUPS").arg(topic.as_str());
    let (exists, groups): (redis::RedisResult<bool>, redis::RedisResult<Value>) =
        connection.pipeline((Doing::Reading, OPERATION), &pipeline).await?;
    let native = |error| from_native(Doing::Reading, OPERATION, error).with("topic", topic);
    if !exists.map_err(native)? {
        return Ok(None);
    }
    let reply: StreamInfoGroupsReply =
        from_redis_value(groups.map_err(native)?).map_err(|error| native(error.into()))?;
    let found = reply
        .groups
        .into_iter()
        .map(|group| FoundGroup { name: group.name, lag: group.lag.map(|lag| lag as u64) });
    Ok(Some(found.collect()))
}

fn created(made: bool) -> Created {
    if made { Created::Created } else { Created::Existed }
}
