//! Creating, inspecting and deleting topics and groups.

use std::fmt;

use async_trait::async_trait;

use super::StartPosition;
use crate::error::Result;
use crate::name::{GroupName, TopicName};

/// Topology of one broker. Everything is idempotent; what exists is never redeclared or altered.
#[async_trait]
pub trait Admin: fmt::Debug + Send + Sync {
    /// Creates a topic if it is missing.
    async fn create_topic(&self, topic: &TopicName) -> Result<Created>;

    /// Creates a group of an existing topic if it is missing, and fixes its start position.
    async fn create_group(
        &self,
        topic: &TopicName,
        group: &GroupName,
        start: StartPosition,
    ) -> Result<Created>;

    /// Deletes a topic with its messages and groups; false if there was none. Where the broker does
    /// not list the groups of a topic, those go that this transport knows of.
    async fn delete_topic(&self, topic: &TopicName) -> Result<bool>;

    /// Deletes a group with its position; false if there was none.
    async fn delete_group(&self, topic: &TopicName, group: &GroupName) -> Result<bool>;

    /// What is known of a topic; `None` if there is none.
    async fn inspect(&self, topic: &TopicName) -> Result<Option<TopicInfo>>;

    /// Messages that the group has not been handed yet; `None` where the broker cannot tell.
    async fn lag(&self, topic: &TopicName, group: &GroupName) -> Result<Option<u64>>;
}

/// Whether a call created something.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Created {
    /// It was missing and is there now.
    Created,
    /// It was there and was left as it stands.
    Existed,
}

/// What a broker tells of a topic.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TopicInfo {
    /// Its groups, by name; `None` where the broker cannot list them.
    pub groups: Option<Vec<GroupName>>,
    /// Messages that it holds, where the broker can tell.
    pub messages: Option<u64>,
}
