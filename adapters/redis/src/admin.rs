//! Creating, inspecting and deleting streams and consumer groups.

pub(crate) mod topology;

use std::sync::Arc;

use async_trait::async_trait;
use wingman_core::Result;
use wingman_core::driver::{Inside, ours};
use wingman_core::name::{GroupName, TopicName};
use wingman_core::transport::{Admin, Created, StartPosition, TopicInfo};

use crate::transport::{Connection, ServerLink};

#[derive(Debug)]
pub(crate) struct RedisAdmin(Arc<ServerLink>);

impl RedisAdmin {
    pub(crate) fn new(server: Arc<ServerLink>) -> Self {
        Self(server)
    }

    async fn enter(&self) -> Result<(Inside<'_>, Connection)> {
        let inside = self.0.gate.enter().await?;
        Ok((inside, self.0.connector.shared().await?))
    }
}

#[async_trait]
impl Admin for RedisAdmin {
    async fn create_topic(&self, topic: &TopicName) -> Result<Created> {
        ours(topic)?;
        let (_inside, connection) = self.enter().await?;
        topology::create_topic(&connection, topic).await
    }

    async fn create_group(
        &self,
        topic: &TopicName,
        group: &GroupName,
        start: StartPosition,
    ) -> Result<Created> {
        let (_inside, connection) = self.enter().await?;
        topology::create_group(&connection, topic, group, start).await
    }

    async fn delete_topic(&self, topic: &TopicName) -> Result<bool> {
        ours(topic)?;
        let (_inside, connection) = self.enter().await?;
        topology::delete_topic(&connection, topic).await
    }

    async fn delete_group(&self, topic: &TopicName, group: &GroupName) -> Result<bool> {
        ours(topic)?;
        let (_inside, connection) = self.enter().await?;
        topology::delete_group(&connection, topic, group).await
    }

    async fn inspect(&self, topic: &TopicName) -> Result<Option<TopicInfo>> {
        let (_inside, connection) = self.enter().await?;
        topology::inspect(&connection, topic).await
    }

    /// `None` once entries between the group and the end were deleted: the server cannot tell then.
    async fn lag(&self, topic: &TopicName, group: &GroupName) -> Result<Option<u64>> {
        let (_inside, connection) = self.enter().await?;
        let found = topology::require(&connection, topic, Some(group)).await?;
        let found = found.into_iter().find(|it| it.name == group.as_str());
        Ok(found.and_then(|group| group.lag))
    }
}
