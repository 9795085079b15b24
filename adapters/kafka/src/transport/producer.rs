//! The client for publishing, with a bound of our own on what is in flight.

use std::fmt;

use rdkafka::error::{KafkaError, RDKafkaErrorCode};
use rdkafka::producer::future_producer::DeliveryFuture;
use rdkafka::producer::{FutureProducer, FutureRecord, Producer as _};
use tokio::sync::{Semaphore, SemaphorePermit};
use wingman_core::bus::dead_letter;
use wingman_core::message::Message;
use wingman_core::name::TopicName;
use wingman_core::{Error, Kind, Result};

use super::asking::Watch;
use super::ending::{Ended, Ending};
use crate::codec;
use crate::config::{Config, Role};
use crate::error::{Doing, from_code, from_native};

/// What may be in flight, far below the client's own bounds, so that its queue is never full.
const MESSAGES_MAX: usize = 50_000;
const KIBIBYTES_MAX: usize = 256 << 10;

pub(crate) struct Producer {
    native: Ending<FutureProducer<Watch>>,
    watch: Watch,
    message_bytes_max: usize,
    messages: Semaphore,
    kibibytes: Semaphore,
}

/// Held while a batch is in flight.
#[derive(Debug)]
pub(crate) struct Room<'a>(
    #[allow(dead_code, reason = "held for its drop")] [SemaphorePermit<'a>; 2],
);

/// A message that was given to the client.
pub(crate) struct Sent(DeliveryFuture);

impl Producer {
    pub(super) fn new(config: &Config) -> Result<Self> {
        let watch = Watch::default();
        let native = config.native(Role::Producer).create_with_context(watch.clone());
        let native = native.map_err(|error| from_native(Doing::Reading, "open", error))?;
        Ok(Self {
            native: Ending::new(native),
            watch,
            message_bytes_max: config.message_bytes_max(),
            messages: Semaphore::new(MESSAGES_MAX),
            kibibytes: Semaphore::new(KIBIBYTES_MAX),
        })
    }

    /// Whether an idempotent producer can keep its promise no more: a new one is made then.
    pub(super) fn is_broken(&self) -> bool {
        self.native.client().fatal_error().is_some()
    }

    /// That a broker took no connection of it, for which a cut one is taken as well.
    pub(super) fn doubt(&self) -> Option<Error> {
        self.watch.lockout()
    }

    /// Brokers take our connections: what was told before counts no more.
    pub(super) fn forget(&self) {
        self.watch.forget();
    }

    pub(super) fn ended(&self) -> Option<Ended> {
        self.native.ended()
    }

    /// Waits until there is room for a batch; those who wait longest go first.
    pub(crate) async fn room(&self, batch: &[&Message]) -> Result<Room<'_>> {
        let kibibytes: usize = batch.iter().map(|message| 1 + message.size_bytes() / 1_024).sum();
        let permits = |count: usize, max: usize| u32::try_from(count.min(max)).unwrap_or(u32::MAX);
        let closed = |_| Error::new(Kind::Closed, "the kafka transport is closed");
        let messages = self.messages.acquire_many(permits(batch.len(), MESSAGES_MAX)).await;
        let messages = messages.map_err(closed)?;
        let kibibytes = self.kibibytes.acquire_many(permits(kibibytes, KIBIBYTES_MAX)).await;
        Ok(Room([messages, kibibytes.map_err(closed)?]))
    }

    /// Gives a message to the client, which sends in this order for each partition. What we do not
    /// send is refused here: with a message that the broker refuses, others of its request fail.
    pub(crate) fn send(&self, topic: &TopicName, message: &Message) -> Result<Sent> {
        if message.size_bytes() > self.message_bytes_max && !dead_letter::is_one(message) {
            let why = "the message is too large: send a reference, or fewer headers, or raise \
                       payload_bytes_max";
            return Err(Error::new(Kind::Oversize, why)
                .during("publish")
                .with("bytes", message.size_bytes())
                .with("bytes_max", self.message_bytes_max));
        }
        let mut record = FutureRecord::to(topic.as_str()).payload(&*message.payload);
        if let Some(key) = &message.key {
            record = record.key(&**key);
        }
        record.headers = codec::encode(&message.headers);
        match self.native.send_result(record) {
            Ok(sent) => Ok(Sent(sent)),
            Err((error, _)) => Err(self.failed(error)),
        }
    }

    /// Waits for the confirm: partition and offset, where the broker tells them. Also if a broker
    /// refuses us meanwhile: a connection that is cut while it proves who we are looks the same, and
    /// the client goes on with what it has.
    pub(crate) async fn confirmed(&self, sent: Sent) -> Result<(i32, i64)> {
        match sent.0.await {
            Ok(Ok(delivery)) => Ok((delivery.partition, delivery.offset)),
            Ok(Err((error, _))) => Err(self.failed(error)),
            Err(_) => Err(self.failed(KafkaError::Canceled)),
        }
    }

    /// A producer that may not begin has sent nothing; what it is refused is why it ended.
    fn failed(&self, error: KafkaError) -> Error {
        if error.rdkafka_error_code() == Some(RDKafkaErrorCode::Fatal)
            && let Some((code, _)) = self.native.client().fatal_error()
        {
            let error = from_code(Doing::Writing, "publish", code);
            if error.kind() == Kind::Forbidden {
                return error;
            }
        }
        failed(error)
    }
}

/// A topic that is missing is nowhere to put a message.
fn failed(error: KafkaError) -> Error {
    let unroutable = matches!(
        error.rdkafka_error_code(),
        Some(
            RDKafkaErrorCode::UnknownTopic
                | RDKafkaErrorCode::UnknownTopicOrPartition
                | RDKafkaErrorCode::UnknownPartition
        )
    );
    if unroutable {
        let why = "there is no such topic, and a publisher does not create it";
        return Error::new(Kind::Unroutable, why).during("publish");
    }
    from_native(Doing::Writing, "publish", error)
}

impl fmt::Debug for Producer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Producer").finish_non_exhaustive()
    }
}
