//! Topology of a memory broker.

use std::sync::Arc;

use async_trait::async_trait;

use super::Connection;
use crate::driver::ours;
use crate::error::Result;
use crate::name::{GroupName, TopicName};
use crate::transport::{Admin, Created, StartPosition, TopicInfo};

#[derive(Debug)]
pub(super) struct MemoryAdmin(pub(super) Arc<Connection>);

#[async_trait]
impl Admin for MemoryAdmin {
    async fn create_topic(&self, topic: &TopicName) -> Result<Created> {
        ours(topic)?;
        Ok(self.0.state()?.create_topic(topic))
    }

    async fn create_group(
        &self,
        topic: &TopicName,
        group: &GroupName,
        start: StartPosition,
    ) -> Result<Created> {
        self.0.state()?.create_group(topic, group, start)
    }

    async fn delete_topic(&self, topic: &TopicName) -> Result<bool> {
        ours(topic)?;
        Ok(self.0.state()?.delete_topic(topic))
    }

    async fn delete_group(&self, topic: &TopicName, group: &GroupName) -> Result<bool> {
        ours(topic)?;
        let limits = &self.0.broker.limits;
        Ok(self.0.state()?.delete_group(topic, group, limits))
    }

    async fn inspect(&self, topic: &TopicName) -> Result<Option<TopicInfo>> {
        let state = self.0.state()?;
        Ok(state.find_topic(topic).map(|topic| TopicInfo {
            groups: Some(topic.groups.keys().cloned().collect()),
            messages: Some(topic.log.count_from(0) as u64),
        }))
    }

    async fn lag(&self, topic: &TopicName, group: &GroupName) -> Result<Option<u64>> {
        let mut state = self.0.state()?;
        let (log, group, _) = state.group(topic, group)?;
        Ok(Some(group.lag(log) as u64))
    }
}
