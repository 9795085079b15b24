//! Publishing: a pipeline of `XADD`, a reply for each message.

use std::sync::Arc;

use async_trait::async_trait;
use redis::{RedisResult, Value};
use wingman_core::driver::{Batch, Door, fits, unsent};
use wingman_core::message::Message;
use wingman_core::name::TopicName;
use wingman_core::transport::{Confirmed, Position, Provision, Publisher, Receipt};
use wingman_core::{Error, Kind, Result};

use crate::codec;
use crate::error::{Doing, from_native};
use crate::subscriber::EntryId;
use crate::transport::{Connection, ServerLink};

/// Messages in one call.
pub(crate) const BATCH_MESSAGES_MAX: usize = 1_000;
/// Bytes after which a pipeline ends; one larger message goes alone.
const PIPELINE_BYTES_MAX: usize = 4 << 20;
const OPERATION: &str = "publish";

#[derive(Debug)]
pub(crate) struct RedisPublisher {
    server: Arc<ServerLink>,
    topic: TopicName,
    provision: Provision,
    gate: Door,
}

impl RedisPublisher {
    pub(crate) fn new(server: Arc<ServerLink>, topic: TopicName, provision: Provision) -> Self {
        Self { server, topic, provision, gate: Door::new("redis publisher") }
    }

    /// Sends what goes into one pipeline; returns a result for each.
    async fn send(&self, connection: &Connection, batch: &[&Message]) -> Vec<Result<Receipt>> {
        let mut pipeline = redis::pipe();
        pipeline.ignore_errors();
        for message in batch {
            self.add(&mut pipeline, message);
        }
        // Asked last: a group that was made before it got every message of the batch.
        pipeline.cmd("XINFO").arg("GROUPS").arg(self.topic.as_str());
        let replies: Result<Vec<RedisResult<Value>>> =
            connection.pipeline((Doing::Writing, OPERATION), &pipeline).await;
        match replies {
            Ok(mut replies) => {
                let groups = replies.pop();
                let confirmed = confirmed(groups);
                let receipt = |reply| self.receipt(reply, confirmed);
                replies.into_iter().map(receipt).collect()
            }
            Err(error) => batch.iter().map(|_| Err(again(&error))).collect(),
        }
    }

    fn add(&self, pipeline: &mut redis::Pipeline, message: &Message) {
        let command = pipeline.cmd("XADD").arg(self.topic.as_str());
        match self.provision {
            Provision::Ensure if !self.topic.is_existing() => {}
            Provision::Ensure | Provision::Verify | Provision::Never => {
                command.arg("NOMKSTREAM");
            }
        }
        command.arg("*");
        codec::encode(message, |name, value| {
            command.arg(name).arg(value);
        });
    }

    fn receipt(&self, reply: RedisResult<Value>, confirmed: Confirmed) -> Result<Receipt> {
        let unroutable = || {
            Error::new(
                Kind::Unroutable,
                "there is no such topic (stream), and this publisher may not create it",
            )
            .during(OPERATION)
            .with("topic", &self.topic)
        };
        match reply {
            Ok(Value::Nil) => Err(unroutable()),
            Ok(Value::BulkString(id)) => {
                Ok(Receipt { position: EntryId::parse(&id).map(Position::from), confirmed })
            }
            Ok(_) => Ok(Receipt { position: None, confirmed }),
            Err(error) => {
                Err(from_native(Doing::Writing, OPERATION, error).with("topic", &self.topic))
            }
        }
    }
}

#[async_trait]
impl Publisher for RedisPublisher {
    async fn publish(&self, batch: &[Message]) -> Result<Vec<Result<Receipt>>> {
        let _open = self.gate.enter().await?;
        let _inside = self.server.gate.enter().await?;
        let batch = Batch::within(&self.server.limits(), batch)?;
        let sent = self.send_all(&batch.fitting).await?;
        Ok(batch.answered(sent))
    }

    async fn close(&self) -> Result<()> {
        self.gate.shut();
        self.gate.emptied(self.server.config.reply_time()).await;
        Ok(())
    }
}

impl RedisPublisher {
    /// An outer error if nothing was sent. After a connection is lost the rest is not sent: it
    /// would overtake what is unknown.
    async fn send_all(&self, messages: &[&Message]) -> Result<Vec<Result<Receipt>>> {
        if messages.is_empty() {
            return Ok(Vec::new());
        }
        let connection = self.server.connector.shared().await?;
        let mut results = Vec::with_capacity(messages.len());
        let mut rest = messages;
        while !rest.is_empty() {
            if connection.health().is_lost() && !results.is_empty() {
                results.extend(rest.iter().map(|_| Err(unsent())));
                break;
            }
            let (pipeline, after) = rest.split_at(fits(rest, PIPELINE_BYTES_MAX));
            results.extend(self.send(&connection, pipeline).await);
            rest = after;
        }
        Ok(results)
    }
}

/// Whether anybody listens; without an answer nobody is accused.
fn confirmed(groups: Option<RedisResult<Value>>) -> Confirmed {
    match groups {
        Some(Ok(Value::Array(groups))) if groups.is_empty() => Confirmed::NoGroup,
        Some(Ok(_) | Err(_)) | None => Confirmed::Stored,
    }
}

/// The same error for each message of a pipeline.
fn again(error: &Error) -> Error {
    Error::new(error.kind(), "the pipeline failed")
        .during(OPERATION)
        .retrying(error.retry())
        .because(error.to_string())
}
