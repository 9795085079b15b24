//! Creating, inspecting and deleting topology, and telling how far a group is behind.

use wingman_core::Kind;
use wingman_core::transport::{Created, StartPosition};

use crate::actors::{numbered, sorted};
use crate::environment::Environment;
use crate::expect::{Verdict, delivered, equal, fails, holds};

pub(super) async fn is_unsupported(on: &Environment) -> Verdict {
    fails("admin", Kind::Unsupported, on.transport().admin()).map(drop)
}

pub(super) async fn topology_is_created_once_and_deleted_once(on: &Environment) -> Verdict {
    let admin = on.transport().admin()?;
    let (topic, group) = (on.topic("made")?, on.group("made")?);
    equal("before", None, admin.inspect(&topic).await?)?;
    let early = admin.create_group(&topic, &group, StartPosition::Earliest).await;
    fails("a group of no topic", Kind::NotFound, early)?;
    for expected in [Created::Created, Created::Existed] {
        equal("the topic", expected, admin.create_topic(&topic).await?)?;
    }
    for expected in [Created::Created, Created::Existed] {
        let made = admin.create_group(&topic, &group, StartPosition::Earliest).await?;
        equal("the group", expected, made)?;
    }
    on.producer(&topic).await?.send_bodies(&["a", "b"]).await?;
    let info = admin.inspect(&topic).await?;
    let info = info.ok_or_else(|| crate::Failure::new("expected the topic, seen none"))?;
    let told = info.groups.unwrap_or_else(|| vec![group.clone()]);
    equal("its groups, where they are told", vec![group.clone()], told)?;
    holds("2 messages or not told", matches!(info.messages, Some(2) | None), info.messages)?;
    for expected in [true, false] {
        equal("deleted group", expected, admin.delete_group(&topic, &group).await?)?;
    }
    for expected in [true, false] {
        equal("deleted topic", expected, admin.delete_topic(&topic).await?)?;
    }
    equal("after", None, admin.inspect(&topic).await?)
}

pub(super) async fn a_created_group_keeps_its_start(on: &Environment) -> Verdict {
    let admin = on.transport().admin()?;
    let (topic, group) = (on.topic("start")?, on.group("late")?);
    let producer = on.producer(&topic).await?;
    producer.send_bodies(&["before"]).await?;
    admin.create_group(&topic, &group, StartPosition::Latest).await?;
    producer.send_bodies(&["after"]).await?;
    let consumer = on.consumer(&topic, "late").await?;
    let expected = vec!["after".to_owned()];
    delivered("what it gets", expected, sorted(&consumer.drain(1).await?))
}

pub(super) async fn lag_counts_what_was_not_handed_over(on: &Environment) -> Verdict {
    let admin = on.transport().admin()?;
    let (topic, group) = (on.topic("lag")?, on.group("all")?);
    let consumer = on.consumer(&topic, "all").await?;
    equal("lag of a new group", Some(0), admin.lag(&topic, &group).await?)?;
    on.producer(&topic).await?.send_bodies(&numbered("m", 5)).await?;
    equal("lag after five messages", Some(5), admin.lag(&topic, &group).await?)?;
    consumer.drain(5).await?;
    equal("lag after all were taken", Some(0), admin.lag(&topic, &group).await?)?;
    let missing = admin.lag(&topic, &on.group("missing")?).await;
    fails("lag of a missing group", Kind::NotFound, missing).map(drop)
}

pub(super) async fn lag_is_not_told(on: &Environment) -> Verdict {
    let (topic, group) = (on.topic("lag")?, on.group("all")?);
    on.consumer(&topic, "all").await?;
    let told = match on.transport().admin() {
        Ok(admin) => admin.lag(&topic, &group).await,
        Err(error) => Err(error),
    };
    match told {
        Ok(lag) => equal("lag", None, lag),
        Err(error) => equal("lag", Kind::Unsupported, error.kind()),
    }
}
