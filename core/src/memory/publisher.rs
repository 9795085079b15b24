//! Appends to the log of one topic.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use async_trait::async_trait;

use super::Connection;
use crate::error::{Error, Kind, Result};
use crate::message::Message;
use crate::name::TopicName;
use crate::transport::{Publisher, Receipt};

#[derive(Debug)]
pub(super) struct MemoryPublisher {
    connection: Arc<Connection>,
    topic: TopicName,
    closed: AtomicBool,
}

impl MemoryPublisher {
    pub(super) fn new(connection: Arc<Connection>, topic: TopicName) -> Self {
        Self { connection, topic, closed: AtomicBool::new(false) }
    }
}

#[async_trait]
impl Publisher for MemoryPublisher {
    async fn publish(&self, batch: &[Message]) -> Result<Vec<Result<Receipt>>> {
        if self.closed.load(Ordering::Acquire) {
            return Err(Error::new(Kind::Closed, "the publisher is closed"));
        }
        let mut state = self.connection.state()?;
        let broker = &self.connection.broker;
        let messages_max = broker.limits.batch_messages_max;
        if batch.len() > messages_max {
            return Err(Error::new(Kind::Oversize, "the batch has too many messages")
                .with("messages", batch.len())
                .with("messages_max", messages_max));
        }
        state.publish(&self.topic, batch, &broker.limits)
    }

    async fn close(&self) -> Result<()> {
        self.closed.store(true, Ordering::Release);
        Ok(())
    }
}
