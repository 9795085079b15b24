//! Publishing: a persistent, mandatory message and its confirm, for each message.

mod window;

use std::sync::Arc;

use async_trait::async_trait;
use lapin::Channel;
use lapin::options::ConfirmSelectOptions;
use tokio::sync::Mutex;
use wingman_core::driver::{Batch, Door, fits, lacking, unsent};
use wingman_core::message::Message;
use wingman_core::name::TopicName;
use wingman_core::transport::{Confirmed, Provision, Publisher, Receipt};
use wingman_core::{Error, Kind, Result, Retry};

use self::window::{Answer, Window};
use crate::admin::topology;
use crate::codec::MessageId;
use crate::error::{Doing, from_native, late};
use crate::transport::{Purpose, Server};

/// Messages in one call.
pub(crate) const BATCH_MESSAGES_MAX: usize = 1_000;
/// Bytes that wait for their confirms together; one larger message goes alone, so that the server's
/// limit is known to be about it.
const WINDOW_BYTES_MAX: usize = 1 << 20;
/// What a frame has beside the properties.
const FRAME_HEAD_BYTES: usize = 64;
const OPERATION: &str = "publish";

#[derive(Debug)]
pub(crate) struct RabbitPublisher {
    server: Arc<Server>,
    topic: TopicName,
    provision: Provision,
    door: Door,
    /// One call at a time, so that what is returned is of this call. Taken out while it is used: a
    /// call that is dropped half-way takes the channel with it.
    channel: Mutex<Option<Channel>>,
}

impl RabbitPublisher {
    pub(crate) fn new(server: Arc<Server>, topic: TopicName, provision: Provision) -> Self {
        let door = Door::new("rabbitmq publisher");
        Self { server, topic, provision, door, channel: Mutex::default() }
    }

    /// An outer error if nothing was sent. After the channel is lost the rest is not sent: it would
    /// overtake what is unknown.
    async fn send_all(&self, messages: &[&Message]) -> Result<Vec<Result<Receipt>>> {
        if messages.is_empty() {
            return Ok(Vec::new());
        }
        let mut slot = self.channel.lock().await;
        let connection = self.server.connector.connection(Purpose::Publishing).await?;
        // Not even a channel is opened then: nothing that is written goes out.
        if connection.status().blocked() {
            return Err(blocked());
        }
        let usable = slot.take().filter(|channel| channel.status().connected());
        let channel = match usable {
            Some(channel) => channel,
            None => self.open().await?,
        };
        let bytes_max = connection.configuration().frame_max() as usize - FRAME_HEAD_BYTES;
        let mut results = Vec::with_capacity(messages.len());
        let mut rest = messages;
        while !rest.is_empty() {
            if !channel.status().connected() && !results.is_empty() {
                results.extend(rest.iter().map(|_| Err(unsent())));
                break;
            }
            let (window, after) = rest.split_at(fits(rest, WINDOW_BYTES_MAX));
            let window = Window::send(&self.topic, &channel, window, bytes_max);
            let settled = window.settle(self.server.config.confirm_time()).await;
            let is_late = settled.iter().any(|one| matches!(one, Answer::Late));
            results.extend(settled.into_iter().map(|one| self.receipt(one)));
            rest = after;
            if is_late {
                // The connection may be dead without a word; what comes late is not looked at.
                results.extend(rest.iter().map(|_| Err(unsent())));
                return Ok(results);
            }
        }
        *slot = Some(channel);
        Ok(results)
    }

    async fn open(&self) -> Result<Channel> {
        if self.provision == Provision::Ensure {
            // It may have gone, and ended the channel before this one.
            topology::create_topic(&self.server, &self.topic).await?;
        }
        let channel = self.server.connector.channel(Purpose::Publishing).await?;
        let confirms = channel.confirm_select(ConfirmSelectOptions::default());
        self.server.connector.ask(OPERATION, confirms).await?;
        Ok(channel)
    }

    fn receipt(&self, answer: Answer) -> Result<Receipt> {
        let receipt = |id: MessageId, confirmed| Receipt { position: Some(id.into()), confirmed };
        match answer {
            Answer::Stored(id) => Ok(receipt(id, Confirmed::Stored)),
            Answer::Returned(id) => Ok(receipt(id, Confirmed::NoGroup)),
            Answer::Nacked => Err(Error::new(
                Kind::Overloaded,
                "the server did not store it: a queue is full, or has no quorum",
            )
            // Another queue of the topic may have taken it.
            .retrying(Retry::Ambiguous)
            .during(OPERATION)
            .with("topic", &self.topic)),
            Answer::Refused(error) => Err(error),
            Answer::Late => Err(late(Doing::Writing, OPERATION).with("topic", &self.topic)),
            Answer::Lost { error, alone } => Err(self.lost(error, alone)),
        }
    }

    /// The channel ended. Of several messages nobody knows which one was to blame.
    fn lost(&self, error: lapin::Error, alone: bool) -> Error {
        let error = from_native(Doing::Writing, OPERATION, error).with("topic", &self.topic);
        let error = lacking(error, format_args!("write on {}", self.topic));
        let again = |kind, message: &'static str| {
            Error::new(kind, message)
                .during(OPERATION)
                .with("topic", &self.topic)
                .because(error.to_string())
        };
        match (error.kind(), self.provision) {
            (Kind::NotFound, Provision::Ensure) => {
                again(Kind::Unknown, "the topic (exchange) is gone, and is made again")
            }
            (Kind::NotFound, Provision::Verify | Provision::Never) => again(
                Kind::Unroutable,
                "there is no such topic (exchange), and this publisher may not create it",
            ),
            (Kind::Conflict, _) if alone => {
                again(Kind::Oversize, "the message is larger than the server's max_message_size")
            }
            (Kind::Conflict, _) => again(
                Kind::Unknown,
                "the server refused one of the messages that were sent together",
            ),
            _ => error,
        }
    }
}

#[async_trait]
impl Publisher for RabbitPublisher {
    async fn publish(&self, batch: &[Message]) -> Result<Vec<Result<Receipt>>> {
        let _open = self.door.enter().await?;
        let _inside = self.server.door.enter().await?;
        let batch = Batch::within(&self.server.limits(), batch)?;
        let sent = self.send_all(&batch.fitting).await?;
        Ok(batch.answered(sent))
    }

    async fn close(&self) -> Result<()> {
        self.door.shut();
        self.door.emptied(self.server.config.confirm_time()).await;
        *self.channel.lock().await = None;
        Ok(())
    }
}

fn blocked() -> Error {
    let why = "the server takes no messages while it is short of memory or disk (alarm)";
    Error::new(Kind::Overloaded, why).during(OPERATION)
}
