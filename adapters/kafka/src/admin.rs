//! Creating, inspecting and deleting topics and consumer groups.

mod topology;

use std::sync::Arc;

use async_trait::async_trait;
use wingman_core::Result;
use wingman_core::driver::ours;
use wingman_core::name::{GroupName, TopicName};
use wingman_core::transport::{Admin, Created, StartPosition, TopicInfo};

use crate::transport::Cluster;

#[derive(Debug)]
pub(crate) struct KafkaAdmin(Arc<Cluster>);

impl KafkaAdmin {
    pub(crate) fn new(cluster: Arc<Cluster>) -> Self {
        Self(cluster)
    }
}

#[async_trait]
impl Admin for KafkaAdmin {
    async fn create_topic(&self, topic: &TopicName) -> Result<Created> {
        ours(topic)?;
        let _inside = self.0.door.enter().await?;
        topology::create_topic(&self.0, topic).await
    }

    async fn create_group(
        &self,
        topic: &TopicName,
        group: &GroupName,
        start: StartPosition,
    ) -> Result<Created> {
        let _inside = self.0.door.enter().await?;
        let (topic, group) = (topic.clone(), group.clone());
        self.0
            .block_on(move |cluster| topology::create_group(&cluster, &topic, &group, start))
            .await
    }

    /// Groups that still have members are left behind; they have nothing of the topic any more.
    async fn delete_topic(&self, topic: &TopicName) -> Result<bool> {
        ours(topic)?;
        let _inside = self.0.door.enter().await?;
        topology::delete_topic(&self.0, topic).await
    }

    /// `Conflict` while the group has members.
    async fn delete_group(&self, topic: &TopicName, group: &GroupName) -> Result<bool> {
        ours(topic)?;
        let _inside = self.0.door.enter().await?;
        topology::delete_group(&self.0, topic, group).await
    }

    async fn inspect(&self, topic: &TopicName) -> Result<Option<TopicInfo>> {
        let _inside = self.0.door.enter().await?;
        let topic = topic.clone();
        self.0.block_on(move |cluster| topology::inspect(&cluster, &topic)).await
    }

    /// The offsets between what the group has committed and the end: on a compacted topic, and
    /// with transactions, there are fewer messages than offsets.
    async fn lag(&self, topic: &TopicName, group: &GroupName) -> Result<Option<u64>> {
        let _inside = self.0.door.enter().await?;
        let (topic, group) = (topic.clone(), group.clone());
        self.0.block_on(move |cluster| topology::lag(&cluster, &topic, &group).map(Some)).await
    }
}
