//! Publishing: the client's own batches, a reply for each message.

use std::collections::HashSet;
use std::sync::Arc;

use async_trait::async_trait;
use google_cloud_pubsub::client::Publisher as Native;
use google_cloud_pubsub::publisher::PublishFuture;
use tokio::sync::RwLock;
use wingman_core::driver::{Batch, Door};
use wingman_core::message::Message;
use wingman_core::name::TopicName;
use wingman_core::transport::{Confirmed, Publisher, Receipt};
use wingman_core::{Error, Kind, Result};

use crate::codec;
use crate::error::from_publish;
use crate::subscriber::position;
use crate::transport::{Link, topic_path};

/// Messages in one call.
pub(crate) const BATCH_MESSAGES_MAX: usize = 1_000;
/// Bytes of one request (Pub/Sub documentation, "Quotas and limits": 10 MB), less room for attributes.
const REQUEST_BYTES_MAX: u32 = 9 << 20;
/// The client keeps a task for each ordering key that it has seen, and frees none: after so many it is
/// made anew.
const KEYS_MAX: usize = 1_000;

pub(crate) struct PubsubPublisher {
    link: Arc<Link>,
    topic: TopicName,
    door: Door,
    /// Shared by calls; held alone to make it anew, when nothing is in flight.
    client: RwLock<Option<Client>>,
}

struct Client {
    native: Native,
    keys: std::sync::Mutex<HashSet<String>>,
}

impl Client {
    fn is_full(&self) -> bool {
        self.keys().len() >= KEYS_MAX
    }

    fn keys(&self) -> std::sync::MutexGuard<'_, HashSet<String>> {
        // A set of texts is whole at any time.
        self.keys.lock().unwrap_or_else(std::sync::PoisonError::into_inner)
    }

    /// Hands a message to the client; its place in the order of its key is fixed by that.
    fn send(&self, message: &Message) -> Result<Sent> {
        let native = codec::encode(message)?;
        let key = native.ordering_key.clone();
        if !key.is_empty() {
            self.keys().insert(key.clone());
        }
        Ok(Sent { reply: self.native.publish(native), key })
    }
}

/// A message that the client has.
struct Sent {
    reply: PublishFuture,
    key: String,
}

impl PubsubPublisher {
    pub(crate) fn new(link: Arc<Link>, topic: TopicName) -> Self {
        Self { link, topic, door: Door::new("pubsub publisher"), client: RwLock::default() }
    }

    /// The client, made or made anew if that is needed.
    async fn client(&self) -> Result<tokio::sync::RwLockReadGuard<'_, Option<Client>>> {
        let client = self.client.read().await;
        if client.as_ref().is_some_and(|client| !client.is_full()) {
            return Ok(client);
        }
        drop(client);
        let mut client = self.client.write().await;
        if client.as_ref().is_none_or(Client::is_full) {
            let topic = topic_path(&self.link.config.project, &self.topic);
            let base = self.link.publisher().await?;
            let native = base
                .publisher(topic)
                .set_message_count_threshold(BATCH_MESSAGES_MAX as u32)
                .set_byte_threshold(REQUEST_BYTES_MAX)
                // What waits for more is flushed by each call.
                .build();
            *client = Some(Client { native, keys: std::sync::Mutex::default() });
        }
        Ok(client.downgrade())
    }

    async fn send(&self, client: &Client, batch: &[&Message]) -> Vec<Result<Receipt>> {
        let sent: Vec<_> = batch.iter().map(|message| client.send(message)).collect();
        let flushing = client.native.flush();
        let replies = async {
            let mut receipts = Vec::with_capacity(sent.len());
            for one in sent {
                receipts.push(match one {
                    Ok(one) => self.receipt(client, one).await,
                    Err(error) => Err(error.with("topic", &self.topic)),
                });
            }
            receipts
        };
        tokio::pin!(replies);
        // The flush ends when every key's messages are answered, those of other calls as well.
        tokio::select! {
            receipts = &mut replies => receipts,
            _ = flushing => replies.await,
        }
    }

    async fn receipt(&self, client: &Client, sent: Sent) -> Result<Receipt> {
        let waited = tokio::time::timeout(self.link.config.reply_time(), sent.reply).await;
        let error = match waited {
            Ok(Ok(id)) => {
                return Ok(Receipt { position: Some(position(&id)), confirmed: Confirmed::Stored });
            }
            Ok(Err(error)) => from_publish(&error),
            Err(_) => Error::new(Kind::Unknown, "no reply in time").during("publish"),
        };
        // A key stands still after an error; whether to go on with it is the bus's to say.
        if !sent.key.is_empty() {
            client.native.resume_publish(sent.key);
        }
        Err(error.with("topic", &self.topic))
    }
}

#[async_trait]
impl Publisher for PubsubPublisher {
    async fn publish(&self, batch: &[Message]) -> Result<Vec<Result<Receipt>>> {
        let _open = self.door.enter().await?;
        let _inside = self.link.door.enter().await?;
        let batch = Batch::within(&self.link.limits(), batch)?;
        let client = self.client().await?;
        let results = match client.as_ref() {
            Some(client) => self.send(client, &batch.fitting).await,
            None => Vec::new(),
        };
        Ok(batch.answered(results))
    }

    async fn close(&self) -> Result<()> {
        self.door.shut();
        self.door.emptied(self.link.config.reply_time()).await;
        *self.client.write().await = None;
        Ok(())
    }
}

impl std::fmt::Debug for PubsubPublisher {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("PubsubPublisher").field("topic", &self.topic).finish_non_exhaustive()
    }
}
