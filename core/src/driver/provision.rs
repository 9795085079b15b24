//! Topics and groups as the options of whoever opens them say.

use std::fmt;

use crate::error::{Error, Kind, Result};
use crate::name::{GroupName, TopicName};
use crate::transport::{Admin, Provision, SubscriberOptions, TopicInfo};

/// Ensures or verifies the topic of a publisher. One that a team has is never made.
///
/// # Errors
/// `NotFound` names a topic that is missing and may not be created; `Forbidden` names what this user may
/// not do, and what to do about it; what the admin says.
pub async fn provision_topic(
    admin: &dyn Admin,
    topic: &TopicName,
    provision: Provision,
) -> Result<()> {
    match provision {
        Provision::Ensure if topic.is_existing() => find(admin, topic).await.map(drop),
        Provision::Ensure => admin.create_topic(topic).await.map(drop).map_err(may_not_create),
        Provision::Verify => find(admin, topic).await.map(drop),
        Provision::Never => Ok(()),
    }
}

/// Ensures or verifies the topic of a subscriber, then its group: that may be made of a team's topic,
/// too, where the broker has groups beside topics.
///
/// # Errors
/// `NotFound` names the topic or group that is missing and may not be created; `Configuration` for
/// options that cannot work; what the admin says.
pub async fn provision_group(
    admin: &dyn Admin,
    topic: &TopicName,
    group: &GroupName,
    options: &SubscriberOptions,
) -> Result<()> {
    if options.lease.as_millis() == 0 {
        let why = "a lease lasts at least a millisecond";
        return Err(Error::new(Kind::Configuration, why).with("lease", "0"));
    }
    match options.provision {
        Provision::Ensure => {
            provision_topic(admin, topic, Provision::Ensure).await?;
            let made = admin.create_group(topic, group, options.start).await;
            made.map(drop).map_err(may_not_create)
        }
        Provision::Verify => {
            let groups = find(admin, topic).await?.groups;
            // A broker that does not list them is asked when the group is used.
            if groups.is_none_or(|groups| groups.contains(group)) {
                return Ok(());
            }
            let error = Error::new(Kind::NotFound, "the topic has no such group");
            Err(error.with("group", group).with("topic", topic))
        }
        Provision::Never => Ok(()),
    }
}

/// Names the right that is missing, if that is what is wrong.
pub fn lacking(error: Error, right: impl fmt::Display) -> Error {
    if error.kind() == Kind::Forbidden { error.with("right", right) } else { error }
}

/// Says of a user who may not create what else there is to do.
pub fn may_not_create(error: Error) -> Error {
    if error.kind() != Kind::Forbidden {
        return error;
    }
    error.with("or", "have it created by somebody who may, and use provision = verify or never")
}

/// Refuses to make or delete what a team has.
///
/// # Errors
/// `Unsupported` names it.
pub fn ours(topic: &TopicName) -> Result<()> {
    if !topic.is_existing() {
        return Ok(());
    }
    let why = "this is used as it stands: it is made and deleted by whoever has it";
    Err(Error::new(Kind::Unsupported, why).with("topic", topic))
}

/// Refuses to publish into what a team has, where that is a queue behind something else.
///
/// # Errors
/// `Unsupported` names it.
pub fn published_elsewhere(topic: &TopicName) -> Result<()> {
    if !topic.is_existing() {
        return Ok(());
    }
    let why = "this is consumed from: publish to the exchange or topic that feeds it";
    Err(Error::new(Kind::Unsupported, why).with("topic", topic))
}

async fn find(admin: &dyn Admin, topic: &TopicName) -> Result<TopicInfo> {
    admin
        .inspect(topic)
        .await?
        .ok_or_else(|| Error::new(Kind::NotFound, "there is no such topic").with("topic", topic))
}
