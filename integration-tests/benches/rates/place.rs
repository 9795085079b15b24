//! A broker to measure on: a bus, the raw client beside it, and topics that are made and removed.

use std::sync::Arc;

use serde::{Deserialize, Serialize};
use wingman_core::bus::{Bus, BusOptions};
use wingman_core::clock::Clock;
use wingman_core::event::{CloudEvent, Event};
use wingman_core::memory::MemoryTransport;
use wingman_core::message::Message;
use wingman_core::name::{GroupName, TopicName};
use wingman_core::transport::{PublisherOptions, StartPosition, Transport};

use crate::raw::{self, Raw};

/// Messages in one call, as the bus makes them by default.
pub(crate) const BATCH: usize = 512;

/// What is published.
#[derive(Debug, Serialize, Deserialize, Event)]
pub(crate) struct Asked {
    pub(crate) text: String,
}

pub(crate) struct Place {
    pub(crate) transport: Arc<dyn Transport>,
    /// Memory has none.
    pub(crate) raw: Option<Box<dyn Raw>>,
    /// Messages of one side in one round.
    pub(crate) messages: usize,
}

impl Place {
    pub(crate) async fn open(url: &str) -> Self {
        let transport: Arc<dyn Transport> = match url {
            "memory://" => MemoryTransport::new(Clock::system()),
            url => wingman_adapters::open(url).await.unwrap(),
        };
        let messages = match transport.capabilities().backend {
            // What a client fetches ahead, 10,000 messages and more, is a small part of it.
            "kafka" => 150_000,
            "memory" => 100_000,
            "redis" => 40_000,
            "rabbitmq" => 15_000,
            "pubsub" => 3_000,
            // The emulator takes some hundreds a second.
            _ => 300,
        };
        Self { raw: raw::beside(url, &*transport).await, transport, messages }
    }

    /// A bus on it, whose topic of the event is this one.
    pub(crate) fn bus(&self, topic: &TopicName) -> Bus {
        let routes = [(Asked::TYPE.to_owned(), topic.to_string())].into();
        let options = BusOptions { routes, ..BusOptions::default() };
        Bus::with_options(Arc::clone(&self.transport), options)
    }

    /// A topic of its own, with groups that have everything before them.
    pub(crate) async fn topic(&self, name: &str, groups: &[&str]) -> TopicName {
        let topic = TopicName::new(format!("rates-{}-{name}", std::process::id())).unwrap();
        let admin = self.transport.admin().unwrap();
        admin.create_topic(&topic).await.unwrap();
        for group in groups {
            admin.create_group(&topic, &group_of(group), StartPosition::Earliest).await.unwrap();
        }
        topic
    }

    pub(crate) async fn remove(&self, topic: &TopicName) {
        self.transport.admin().unwrap().delete_topic(topic).await.unwrap();
    }

    /// Publishes by the driver.
    pub(crate) async fn fill(&self, topic: &TopicName, messages: &[Message]) {
        let publisher = self.transport.publisher(topic, PublisherOptions::default()).await.unwrap();
        let batch = BATCH.min(self.transport.capabilities().limits.batch_messages_max);
        for batch in messages.chunks(batch) {
            let results = publisher.publish(batch).await.unwrap();
            assert!(results.iter().all(Result::is_ok));
        }
        publisher.close().await.unwrap();
    }
}

pub(crate) fn group_of(name: &str) -> GroupName {
    GroupName::new(name).unwrap()
}

/// Events in binary mode with data of so many bytes, each with an id of its own.
pub(crate) fn messages(count: usize, payload_bytes: usize) -> Vec<Message> {
    let head = r#"{"text":""}"#.len();
    let data = format!(r#"{{"text":"{}"}}"#, "x".repeat(payload_bytes - head));
    let data = bytes::Bytes::from(data);
    let message = |number: usize| {
        let event = CloudEvent::new(number.to_string(), "/rates", Asked::TYPE).unwrap();
        event.with_json(data.clone()).to_message().unwrap()
    };
    (0..count).map(message).collect()
}
