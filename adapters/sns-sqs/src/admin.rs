//! Creating, inspecting and deleting topics and queues.

pub(crate) mod groups;
pub(crate) mod names;
pub(crate) mod topics;

use std::sync::Arc;

use async_trait::async_trait;
use wingman_core::Result;
use wingman_core::driver::ours;
use wingman_core::name::{GroupName, TopicName};
use wingman_core::transport::{Admin, Created, StartPosition, TopicInfo};

use crate::transport::Account;

#[derive(Debug)]
pub(crate) struct SnsSqsAdmin(Arc<Account>);

impl SnsSqsAdmin {
    pub(crate) fn new(account: Arc<Account>) -> Self {
        Self(account)
    }
}

#[async_trait]
impl Admin for SnsSqsAdmin {
    async fn create_topic(&self, topic: &TopicName) -> Result<Created> {
        ours(topic)?;
        let _inside = self.0.door.enter().await?;
        topics::create(&self.0, topic).await
    }

    /// Both starts are the same: a topic keeps nothing for a group that is not there yet.
    async fn create_group(
        &self,
        topic: &TopicName,
        group: &GroupName,
        _start: StartPosition,
    ) -> Result<Created> {
        let _inside = self.0.door.enter().await?;
        groups::create(&self.0, topic, group).await
    }

    async fn delete_topic(&self, topic: &TopicName) -> Result<bool> {
        ours(topic)?;
        let _inside = self.0.door.enter().await?;
        topics::delete(&self.0, topic).await
    }

    async fn delete_group(&self, topic: &TopicName, group: &GroupName) -> Result<bool> {
        ours(topic)?;
        let _inside = self.0.door.enter().await?;
        groups::delete(&self.0, topic, group).await
    }

    async fn inspect(&self, topic: &TopicName) -> Result<Option<TopicInfo>> {
        let _inside = self.0.door.enter().await?;
        if topic.is_existing() {
            let found = groups::url(&self.0, topic.as_str()).await?;
            return Ok(found.map(|_| TopicInfo { groups: None, messages: None }));
        }
        let Some(queues) = topics::find(&self.0, topic).await? else {
            return Ok(None);
        };
        let groups = groups::of_queues(&self.0, topic, &queues).await?;
        Ok(Some(TopicInfo { groups: Some(groups), messages: None }))
    }

    /// As the service counts, which is a moment late.
    async fn lag(&self, topic: &TopicName, group: &GroupName) -> Result<Option<u64>> {
        let _inside = self.0.door.enter().await?;
        groups::lag(&self.0, topic, group).await.map(Some)
    }
}
