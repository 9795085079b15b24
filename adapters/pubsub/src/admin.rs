//! Creating, inspecting and deleting topics and subscriptions.

mod topology;

use std::sync::Arc;

use async_trait::async_trait;
use wingman_core::Result;
use wingman_core::driver::ours;
use wingman_core::name::{GroupName, TopicName};
use wingman_core::transport::{Admin, Created, StartPosition, TopicInfo};

pub(crate) use self::topology::{ping, subscription_is_there, team_subscription};
use crate::transport::Link;

#[derive(Debug)]
pub(crate) struct PubsubAdmin(Arc<Link>);

impl PubsubAdmin {
    pub(crate) fn new(link: Arc<Link>) -> Self {
        Self(link)
    }
}

#[async_trait]
impl Admin for PubsubAdmin {
    async fn create_topic(&self, topic: &TopicName) -> Result<Created> {
        ours(topic)?;
        let _inside = self.0.door.enter().await?;
        topology::create_topic(&self.0, topic).await
    }

    /// A subscription gets what is published after it was created, whatever the start position.
    async fn create_group(
        &self,
        topic: &TopicName,
        group: &GroupName,
        _start: StartPosition,
    ) -> Result<Created> {
        let _inside = self.0.door.enter().await?;
        topology::create_group(&self.0, topic, group).await
    }

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

    async fn inspect(&self, topic: &TopicName) -> Result<Option<TopicInfo>> {
        let _inside = self.0.door.enter().await?;
        topology::inspect(&self.0, topic).await
    }

    /// Not told: the service counts its backlog in Cloud Monitoring only.
    async fn lag(&self, _topic: &TopicName, _group: &GroupName) -> Result<Option<u64>> {
        let _inside = self.0.door.enter().await?;
        Ok(None)
    }
}
