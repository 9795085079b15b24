//! SNS and SQS: `PublishBatch`, one call after the other as the adapter makes them; `ReceiveMessage` and
//! `DeleteMessageBatch`. The body is the payload, the attributes are the headers.

use std::collections::HashMap;
use std::time::Duration;

use async_trait::async_trait;
use aws_sdk_sns::types::{MessageAttributeValue, PublishBatchRequestEntry};
use aws_sdk_sqs::types::DeleteMessageBatchRequestEntry;
use wingman_core::message::Message;
use wingman_core::name::{GroupName, TopicName};
use wingman_core::transport::Transport;
use wingman_sns_sqs::{Clients, Config};

use super::Raw;
use crate::measure::Watch;

/// Entries of one call of either service.
const CALL_ENTRIES_MAX: usize = 10;

/// Topics and queues are FIFO, as the adapter makes them.
pub(crate) struct RawSnsSqs {
    clients: Clients,
    /// What the ARN of a topic begins with.
    arn: String,
}

impl RawSnsSqs {
    pub(crate) fn beside(url: &str, transport: &dyn Transport) -> Self {
        let clients: &Clients = transport.native().downcast_ref().unwrap();
        let config = Config::from_url(url).unwrap();
        let (region, account) = (config.region.unwrap(), config.account.unwrap());
        Self { clients: clients.clone(), arn: format!("arn:aws:sns:{region}:{account}:") }
    }
}

fn entry(number: usize, message: &Message) -> PublishBatchRequestEntry {
    let value = |value: &[u8]| {
        let text = String::from_utf8(value.to_vec()).unwrap();
        MessageAttributeValue::builder().data_type("String").string_value(text).build().unwrap()
    };
    let attributes: HashMap<_, _> =
        message.headers.iter().map(|(name, bytes)| (name.to_owned(), value(bytes))).collect();
    // As the adapter does for messages without a key: each is a group of its own.
    let unique = message.headers.get_str("ce_id").unwrap();
    PublishBatchRequestEntry::builder()
        .id(number.to_string())
        .message(std::str::from_utf8(&message.payload).unwrap())
        .set_message_attributes(Some(attributes))
        .message_group_id(unique)
        .message_deduplication_id(unique)
        .build()
        .unwrap()
}

#[async_trait]
impl Raw for RawSnsSqs {
    async fn publish(&self, topic: &TopicName, batch: &[Message]) {
        for part in batch.chunks(CALL_ENTRIES_MAX) {
            let entries = part.iter().enumerate().map(|(number, one)| entry(number, one)).collect();
            let call = self.clients.sns.publish_batch();
            let call = call.topic_arn(format!("{}{topic}.fifo", self.arn));
            let answer =
                call.set_publish_batch_request_entries(Some(entries)).send().await.unwrap();
            assert_eq!(answer.successful().len(), part.len());
        }
    }

    async fn consume(&self, topic: &TopicName, group: &GroupName, count: usize) -> Duration {
        let sqs = &self.clients.sqs;
        let found = sqs.get_queue_url().queue_name(format!("{topic}__{group}.fifo")).send().await;
        let url = found.unwrap().queue_url.unwrap();
        let (watch, mut left) = (Watch::default(), count);
        while left > 0 {
            let call = sqs.receive_message().queue_url(&url).message_attribute_names("All");
            let call = call.max_number_of_messages(CALL_ENTRIES_MAX as i32).wait_time_seconds(1);
            let messages = call.send().await.unwrap().messages.unwrap_or_default();
            if messages.is_empty() {
                continue;
            }
            watch.start();
            let entries = messages.iter().enumerate().map(|(number, one)| {
                let entry = DeleteMessageBatchRequestEntry::builder().id(number.to_string());
                entry.receipt_handle(one.receipt_handle().unwrap()).build().unwrap()
            });
            let call = sqs.delete_message_batch().queue_url(&url);
            let answer = call.set_entries(Some(entries.collect())).send().await.unwrap();
            left -= answer.successful().len();
        }
        watch.elapsed()
    }
}
