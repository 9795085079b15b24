//! Publishing: batches of at most ten and 256 KiB, a result for each message.

mod listeners;
mod parts;

use std::sync::Arc;

use async_trait::async_trait;
use aws_sdk_sns::operation::publish_batch::PublishBatchOutput;
use aws_sdk_sns::types::{MessageAttributeValue, PublishBatchRequestEntry};
use wingman_core::driver::{Batch, Door};
use wingman_core::message::Message;
use wingman_core::name::TopicName;
use wingman_core::transport::{Provision, Publisher, Receipt};
use wingman_core::{Error, Kind, Result};

use self::listeners::Listeners;
use self::parts::{Entry, parts};
use crate::codec;
use crate::error::{Doing, from_code, from_native};
use crate::transport::Account;

/// Messages in one call, which are sent in parts one after the other: later ones never overtake.
pub(crate) const BATCH_MESSAGES_MAX: usize = 100;
const OPERATION: &str = "publish";

#[derive(Debug)]
pub(crate) struct SnsPublisher {
    account: Arc<Account>,
    topic: TopicName,
    arn: String,
    listeners: Listeners,
    door: Door,
}

impl SnsPublisher {
    pub(crate) async fn open(
        account: Arc<Account>,
        topic: TopicName,
        provision: Provision,
    ) -> Result<Self> {
        let arn = account.topic_arn(&topic).await?;
        let listeners = Listeners::new(provision);
        Ok(Self { account, topic, arn, listeners, door: Door::new("sns-sqs publisher") })
    }

    /// Sends one part; a result for each of its messages.
    async fn send(&self, part: &[Entry]) -> Vec<Result<()>> {
        let entries: Result<Vec<_>> =
            part.iter().enumerate().map(|(number, entry)| self.native(number, entry)).collect();
        let entries = match entries {
            Ok(entries) => entries,
            Err(error) => return part.iter().map(|_| Err(error.repeat())).collect(),
        };
        let call = self.account.clients.sns.publish_batch().topic_arn(&self.arn);
        match call.set_publish_batch_request_entries(Some(entries)).send().await {
            Ok(answer) => self.results(part.len(), &answer),
            Err(error) => {
                let error = self.refused(from_native(Doing::Writing, OPERATION, error));
                part.iter().map(|_| Err(error.repeat())).collect()
            }
        }
    }

    fn native(&self, number: usize, entry: &Entry) -> Result<PublishBatchRequestEntry> {
        let built =
            |error| Error::new(Kind::Internal, "the client refused an entry").because(error);
        let mut native =
            PublishBatchRequestEntry::builder().id(number.to_string()).message(&entry.written.body);
        for (name, value) in &entry.written.attributes {
            let value = MessageAttributeValue::builder()
                .data_type(codec::STRING)
                .string_value(value)
                .build()
                .map_err(|error| built(error.to_string()))?;
            native = native.message_attributes(*name, value);
        }
        if self.account.config.fifo {
            native = native.message_group_id(&entry.group);
            native = native.message_deduplication_id(codec::fresh_id()?);
        }
        native.build().map_err(|error| built(error.to_string()))
    }

    /// What the service said of each entry, and of those that it said nothing of.
    fn results(&self, entries: usize, answer: &PublishBatchOutput) -> Vec<Result<()>> {
        let mut results: Vec<Result<()>> = (0..entries).map(|_| Err(unanswered())).collect();
        let place = |id: Option<&str>| id.and_then(|id| id.parse::<usize>().ok());
        for stored in answer.successful() {
            if let Some(result) = place(stored.id()).and_then(|place| results.get_mut(place)) {
                *result = Ok(());
            }
        }
        for failed in answer.failed() {
            if let Some(result) = place(Some(failed.id())).and_then(|place| results.get_mut(place))
            {
                let status = if failed.sender_fault() { 400 } else { 500 };
                let error =
                    from_code(Doing::Writing, OPERATION, failed.code(), failed.message(), status);
                *result = Err(self.refused(error));
            }
        }
        results
    }

    fn refused(&self, error: Error) -> Error {
        match error.kind() {
            Kind::NotFound => {
                let why = "there is no such topic: somebody deleted it, or nobody made it";
                Error::new(Kind::Unroutable, why).during(OPERATION).with("topic", &self.topic)
            }
            _ => error.with("topic", &self.topic),
        }
    }

    /// After an answer that did not come the rest is not sent: it would overtake what is unknown.
    async fn send_all(&self, entries: &[Entry]) -> Vec<Result<()>> {
        let mut results = Vec::with_capacity(entries.len());
        let mut is_lost = false;
        for part in parts(entries) {
            if is_lost {
                results.extend(part.iter().map(|_| Err(unsent())));
                continue;
            }
            let sent = self.send(part).await;
            is_lost = sent
                .iter()
                .any(|result| result.as_ref().is_err_and(|error| !error.kind().is_about_message()));
            results.extend(sent);
        }
        results
    }
}

#[async_trait]
impl Publisher for SnsPublisher {
    async fn publish(&self, batch: &[Message]) -> Result<Vec<Result<Receipt>>> {
        let _open = self.door.enter().await?;
        let _inside = self.account.door.enter().await?;
        let batch = Batch::within(&self.account.limits(), batch)?;
        let mut entries = Vec::with_capacity(batch.fitting.len());
        let mut refused = Vec::with_capacity(batch.fitting.len());
        for message in &batch.fitting {
            match Entry::of(message) {
                Ok(entry) => {
                    entries.push(entry);
                    refused.push(None);
                }
                Err(error) => refused.push(Some(error)),
            }
        }
        if entries.is_empty() {
            return Ok(batch.answered(refused.into_iter().flatten().map(Err)));
        }
        // Asked first: a group that is there gets every message of the batch.
        let confirmed = self.listeners.confirmed(&self.account, &self.arn).await;
        let sent = self.send_all(&entries).await;
        let mut sent = sent.into_iter();
        let answer = |refused: Option<Error>| match refused {
            Some(error) => Err(error),
            None => {
                let sent = sent.next().unwrap_or_else(|| Err(unanswered()));
                sent.map(|()| Receipt { position: None, confirmed })
            }
        };
        Ok(batch.answered(refused.into_iter().map(answer)))
    }

    async fn close(&self) -> Result<()> {
        self.door.shut();
        self.door.emptied(self.account.config.reply_time()).await;
        Ok(())
    }
}

fn unanswered() -> Error {
    let why = "the service did not answer for each message";
    Error::new(Kind::Unknown, why).during(OPERATION)
}

fn unsent() -> Error {
    let why = "the service did not take what goes before this message, which was not sent";
    Error::new(Kind::Unavailable, why).during(OPERATION)
}
