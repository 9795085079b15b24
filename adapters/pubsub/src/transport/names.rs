//! Names of topics and groups as Pub/Sub has them.
//!
//! An id has 3 to 255 characters and begins with a letter, but not with `goog` (Pub/Sub documentation,
//! "Guidelines to name a topic, subscription, schema, or snapshot"). `~` is in none of our names.

use wingman_core::name::{GroupName, TopicName};
use wingman_core::{Error, Kind, Result};

/// Stands in front of a name that would be no id.
const PREFIX: &str = "wm~";
const ID_BYTES_MAX: usize = 255;

/// The resource name of a topic.
pub(crate) fn topic_path(project: &str, topic: &TopicName) -> String {
    format!("projects/{project}/topics/{}", id(topic.as_str()))
}

/// The resource name of a group's subscription. A team's topic is its subscription. Subscriptions have
/// names of their own in a project, so that it takes both.
///
/// # Errors
/// `InvalidName` if both together are too long.
pub(crate) fn subscription_path(
    project: &str,
    topic: &TopicName,
    group: &GroupName,
) -> Result<String> {
    if topic.is_existing() {
        return Ok(format!("projects/{project}/subscriptions/{topic}"));
    }
    let id = id(&format!("{group}~{topic}"));
    if id.len() > ID_BYTES_MAX {
        let why = "group and topic are too long for the id of a subscription: shorten one of them";
        return Err(Error::new(Kind::InvalidName, why)
            .with("group", group)
            .with("topic", topic)
            .with("bytes", id.len())
            .with("bytes_max", ID_BYTES_MAX));
    }
    Ok(format!("projects/{project}/subscriptions/{id}"))
}

/// The group whose subscription of this topic has this resource name.
pub(crate) fn group_of(path: &str, topic: &TopicName) -> Option<GroupName> {
    let id = path.rsplit('/').next()?;
    let id = id.strip_prefix(PREFIX).unwrap_or(id);
    let (group, of) = id.split_once('~')?;
    (of == topic.as_str()).then(|| GroupName::new(group).ok())?
}

fn id(name: &str) -> String {
    let fits = name.starts_with(|first: char| first.is_ascii_alphabetic())
        && !name.starts_with("goog")
        && name.len() >= 3;
    if fits { name.to_owned() } else { format!("{PREFIX}{name}") }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_name_becomes_an_id_and_groups_are_found_again() {
        for (topic, topic_id) in [
            ("orders", "orders"),
            ("o", "wm~o"),
            ("7-orders", "wm~7-orders"),
            ("googol", "wm~googol"),
        ] {
            let topic = TopicName::new(topic).unwrap();
            assert_eq!(topic_path("shop", &topic), format!("projects/shop/topics/{topic_id}"));
            for group in ["workers", "g", "7", "goog"] {
                let group = GroupName::new(group).unwrap();
                let path = subscription_path("shop", &topic, &group).unwrap();
                assert_eq!(group_of(&path, &topic), Some(group), "{path}");
            }
        }
    }

    #[test]
    fn subscriptions_of_others_are_no_groups() {
        let topic = TopicName::new("orders").unwrap();
        for id in ["orders", "workers~other", "_deleted-topic_", "a~b~orders"] {
            assert_eq!(group_of(&format!("projects/shop/subscriptions/{id}"), &topic), None);
        }
    }

    #[test]
    fn what_is_too_long_together_is_refused() {
        let topic = TopicName::new("t".repeat(200)).unwrap();
        let group = GroupName::new("g".repeat(60)).unwrap();
        let error = subscription_path("shop", &topic, &group).unwrap_err();
        assert_eq!(error.kind(), Kind::InvalidName);
        assert_eq!(error.context("bytes"), Some("261"));
    }
}
