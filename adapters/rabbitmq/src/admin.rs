//! Creating, inspecting and deleting exchanges and queues.

pub(crate) mod topology;

use std::sync::Arc;

use async_trait::async_trait;
use wingman_core::Result;
use wingman_core::driver::ours;
use wingman_core::name::{GroupName, TopicName};
use wingman_core::transport::{Admin, Created, StartPosition, TopicInfo};

use crate::transport::Server;

#[derive(Debug)]
pub(crate) struct RabbitAdmin(Arc<Server>);

impl RabbitAdmin {
    pub(crate) fn new(server: Arc<Server>) -> Self {
        Self(server)
    }
}

#[async_trait]
impl Admin for RabbitAdmin {
    async fn create_topic(&self, topic: &TopicName) -> Result<Created> {
        ours(topic)?;
        let _inside = self.0.door.enter().await?;
        topology::create_topic(&self.0, topic).await
    }

    /// For ordered subscribers. A queue holds what came since it was made, so that both starts are
    /// the same.
    async fn create_group(
        &self,
        topic: &TopicName,
        group: &GroupName,
        _start: StartPosition,
    ) -> Result<Created> {
        let _inside = self.0.door.enter().await?;
        topology::require_topic(&self.0, topic).await?;
        topology::create_group(&self.0, topic, group, true).await.map(|(created, _)| created)
    }

    /// The queues of groups that this transport has made or opened go as well; the server lists no
    /// others.
    async fn delete_topic(&self, topic: &TopicName) -> Result<bool> {
        ours(topic)?;
        let _inside = self.0.door.enter().await?;
        topology::delete_topic(&self.0, topic).await
    }

    async fn delete_group(&self, topic: &TopicName, group: &GroupName) -> Result<bool> {
        ours(topic)?;
        let _inside = self.0.door.enter().await?;
        topology::delete_group(&self.0, topic, group).await
    }

    /// An exchange keeps no messages, and the server does not list its queues to a client.
    async fn inspect(&self, topic: &TopicName) -> Result<Option<TopicInfo>> {
        let _inside = self.0.door.enter().await?;
        let exists = topology::topic_exists(&self.0, topic).await?;
        Ok(exists.then_some(TopicInfo { groups: None, messages: None }))
    }

    /// `None`: the queue's count leaves out what was sent ahead to subscribers.
    async fn lag(&self, topic: &TopicName, group: &GroupName) -> Result<Option<u64>> {
        let _inside = self.0.door.enter().await?;
        topology::require_group(&self.0, topic, group).await.map(|()| None)
    }
}
