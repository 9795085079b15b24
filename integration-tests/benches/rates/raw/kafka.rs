//! Kafka: rdkafka's future producer and its consumer as a stream; an offset is stored for each batch, as
//! the adapter's watermark does, and committed in the background.

use std::time::Duration;

use async_trait::async_trait;
use rdkafka::Message as _;
use rdkafka::consumer::{Consumer as _, StreamConsumer};
use rdkafka::message::{BorrowedMessage, Header, OwnedHeaders};
use rdkafka::producer::{FutureProducer, FutureRecord};
use wingman_core::message::Message;
use wingman_core::name::{GroupName, TopicName};
use wingman_kafka::Config;

use super::Raw;
use crate::consume::TAKEN_MAX;
use crate::measure::Watch;

pub(crate) struct RawKafka {
    config: Config,
    producer: FutureProducer,
}

impl RawKafka {
    pub(crate) fn new(url: &str) -> Self {
        let config = Config::from_url(url).unwrap();
        Self { producer: config.producer_settings().create().unwrap(), config }
    }
}

#[async_trait]
impl Raw for RawKafka {
    async fn publish(&self, topic: &TopicName, batch: &[Message]) {
        let mut sent = Vec::with_capacity(batch.len());
        for message in batch {
            let headers = OwnedHeaders::new_with_capacity(message.headers.len());
            let headers = message
                .headers
                .iter()
                .fold(headers, |all, (key, value)| all.insert(Header { key, value: Some(value) }));
            let record = FutureRecord::<[u8], [u8]>::to(topic.as_str());
            let record = record.payload(&message.payload).headers(headers);
            sent.push(self.producer.send_result(record).map_err(|(error, _)| error).unwrap());
        }
        for confirm in sent {
            confirm.await.unwrap().unwrap();
        }
    }

    async fn consume(&self, topic: &TopicName, group: &GroupName, count: usize) -> Duration {
        self.read(topic, group, count, |record| {
            std::hint::black_box(record.payload());
        })
        .await
    }

    async fn consume_to_keep(
        &self,
        topic: &TopicName,
        group: &GroupName,
        count: usize,
    ) -> Duration {
        let mut batch = Vec::with_capacity(TAKEN_MAX.get());
        self.read(topic, group, count, |record| {
            batch.push(record.detach());
            if batch.len() == TAKEN_MAX.get() {
                std::hint::black_box(&mut batch).clear();
            }
        })
        .await
    }

    fn lends(&self) -> bool {
        true
    }
}

impl RawKafka {
    async fn read(
        &self,
        topic: &TopicName,
        group: &GroupName,
        count: usize,
        mut each: impl FnMut(&BorrowedMessage<'_>),
    ) -> Duration {
        let settings = self.config.member_settings(&format!("{group}@{topic}"));
        let consumer: StreamConsumer = settings.create().unwrap();
        consumer.subscribe(&[topic.as_str()]).unwrap();
        let watch = Watch::default();
        for number in 1..=count {
            let record = consumer.recv().await.unwrap();
            watch.start();
            each(&record);
            if number.is_multiple_of(TAKEN_MAX.get()) || number == count {
                consumer.store_offset_from_message(&record).unwrap();
            }
        }
        let took = watch.elapsed();
        tokio::task::spawn_blocking(move || drop(consumer)).await.unwrap();
        took
    }
}
