//! Pub/Sub: the client's publisher, told to make batches as large as the bus does, and its stream.

use std::collections::HashMap;
use std::time::Duration;

use async_trait::async_trait;
use futures_util::future::join_all;
use google_cloud_auth::credentials::Credentials;
use google_cloud_auth::credentials::anonymous::Builder as Anonymous;
use google_cloud_pubsub::client::{Publisher, Subscriber};
use google_cloud_pubsub::model::Message as Native;
use tokio::sync::Mutex;
use wingman_core::message::Message;
use wingman_core::name::{GroupName, TopicName};
use wingman_pubsub::Config;

use super::Raw;
use crate::measure::Watch;
use crate::place::BATCH;

/// What the adapter lets wait for its caller.
const OUTSTANDING_MAX: i64 = 1_000;
const REQUEST_BYTES_MAX: u32 = 3 << 20;

pub(crate) struct RawPubsub {
    project: String,
    endpoint: String,
    publishers: Mutex<HashMap<TopicName, Publisher>>,
}

impl RawPubsub {
    /// Of an emulator: nothing else is measured.
    pub(crate) fn new(url: &str) -> Self {
        let config = Config::from_url(url).unwrap();
        let endpoint = format!("http://{}", config.emulator.unwrap());
        Self { project: config.project, endpoint, publishers: Mutex::default() }
    }

    async fn publisher(&self, topic: &TopicName) -> Publisher {
        let mut publishers = self.publishers.lock().await;
        if let Some(publisher) = publishers.get(topic) {
            return publisher.clone();
        }
        // One round has one topic.
        publishers.clear();
        let made = Publisher::builder(format!("projects/{}/topics/{topic}", self.project))
            .with_endpoint(self.endpoint.clone())
            .with_credentials(nobody())
            .set_message_count_threshold(BATCH as u32)
            .set_byte_threshold(REQUEST_BYTES_MAX)
            .build()
            .await
            .unwrap();
        publishers.insert(topic.clone(), made.clone());
        made
    }
}

fn nobody() -> Credentials {
    Anonymous::new().build()
}

fn native(message: &Message) -> Native {
    let attribute = |(name, value): (&str, &[u8])| {
        (name.replacen("ce_", "ce-", 1), String::from_utf8(value.to_vec()).unwrap())
    };
    let native = Native::new().set_data(message.payload.clone());
    native.set_attributes(message.headers.iter().map(attribute))
}

#[async_trait]
impl Raw for RawPubsub {
    /// A caller's single message waits for those of other callers, as the client means it.
    async fn publish(&self, topic: &TopicName, batch: &[Message]) {
        let publisher = self.publisher(topic).await;
        let replies: Vec<_> =
            batch.iter().map(|message| publisher.publish(native(message))).collect();
        if batch.len() > 1 {
            publisher.flush().await;
        }
        for reply in join_all(replies).await {
            reply.unwrap();
        }
    }

    async fn consume(&self, topic: &TopicName, group: &GroupName, count: usize) -> Duration {
        let subscriber = Subscriber::builder().with_endpoint(self.endpoint.clone());
        let subscriber = subscriber.with_credentials(nobody()).build().await.unwrap();
        let path = format!("projects/{}/subscriptions/{group}~{topic}", self.project);
        let mut stream =
            subscriber.subscribe(path).set_max_outstanding_messages(OUTSTANDING_MAX).build();
        let watch = Watch::default();
        for _ in 0..count {
            let (message, handler) = stream.next().await.unwrap().unwrap();
            watch.start();
            std::hint::black_box(message.data);
            handler.ack();
        }
        let took = watch.elapsed();
        let shutdown = stream.shutdown_token();
        drop(stream);
        shutdown.shutdown().await;
        took
    }
}
