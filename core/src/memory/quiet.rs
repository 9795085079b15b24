//! Whether a group waits for nothing but time: asked by the test bus.

use super::MemoryTransport;
use crate::name::{GroupName, TopicName};

/// What a group has now.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct GroupLoad {
    /// Whether something could be handed out now.
    pub(crate) ready: bool,
    /// Deliveries that consumers hold.
    pub(crate) leased: usize,
}

impl MemoryTransport {
    /// The load of a group; `None` if there is no such group, or the broker is stopped.
    pub(crate) fn load(&self, topic: &TopicName, group: &GroupName) -> Option<GroupLoad> {
        let now = self.0.broker.clock.now();
        let mut state = self.0.state().ok()?;
        let (log, group, _) = state.group(topic, group).ok()?;
        Some(group.load(log, now))
    }
}
