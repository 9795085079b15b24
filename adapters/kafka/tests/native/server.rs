//! The broker under test: through the adapter, and directly.

use std::collections::BTreeSet;
use std::num::NonZeroUsize;
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use rdkafka::ClientConfig;
use tokio::time::Instant;
use wingman_core::Result;
use wingman_core::message::Message;
use wingman_core::name::{GroupName, TopicName};
use wingman_core::transport::{
    Admin, Delivery, Publisher, PublisherOptions, Settle, Subscriber, SubscriberOptions, Transport,
};

/// How long anything that must come may take.
pub(crate) const PATIENCE: Duration = Duration::from_secs(20);
/// How long nothing must come before the tests believe it.
pub(crate) const QUIET: Duration = Duration::from_millis(700);

/// A topic and a group of one test.
pub(crate) struct Server {
    pub(crate) url: String,
    pub(crate) transport: Arc<dyn Transport>,
    pub(crate) topic: TopicName,
    pub(crate) group: GroupName,
}

impl Server {
    /// With a topic whose name begins so.
    pub(crate) async fn with_topic(begin: &str, test: &str, url: &str) -> Self {
        static NUMBER: AtomicU32 = AtomicU32::new(0);
        let number = NUMBER.fetch_add(1, Ordering::Relaxed);
        let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap();
        let test = test.replace("::", ".");
        let topic = format!("{begin}-{}-{number}-{test}", now.as_nanos());
        Self {
            url: url.to_owned(),
            transport: wingman_kafka::connect(url).await.unwrap(),
            topic: TopicName::new(topic).unwrap(),
            group: GroupName::new("workers").unwrap(),
        }
    }

    /// The same test with a key more in the URL.
    pub(crate) async fn with(mut self, setting: &str) -> Self {
        let sign = if self.url.contains('?') { '&' } else { '?' };
        self.url = format!("{}{sign}{setting}", self.url);
        self.transport = wingman_kafka::connect(&self.url).await.unwrap();
        self
    }

    /// `host:port`.
    pub(crate) fn address(&self) -> &str {
        self.url.trim_start_matches("kafka://").split('?').next().unwrap()
    }

    pub(crate) fn admin(&self) -> Arc<dyn Admin> {
        self.transport.admin().unwrap()
    }

    pub(crate) async fn publisher(&self) -> Box<dyn Publisher> {
        let options = PublisherOptions::default();
        self.transport.publisher(&self.topic, options).await.unwrap()
    }

    /// Publishes `key:body` texts; without a colon there is no key.
    pub(crate) async fn publish<T: AsRef<str>>(&self, texts: &[T]) {
        let message = |text: &T| match text.as_ref().split_once(':') {
            Some((key, body)) => Message::new(body.to_owned()).with_key(key.to_owned()),
            None => Message::new(text.as_ref().to_owned()),
        };
        let batch: Vec<_> = texts.iter().map(message).collect();
        let publisher = self.publisher().await;
        for part in batch.chunks(1_000) {
            for result in publisher.publish(part).await.unwrap() {
                result.unwrap();
            }
        }
    }

    /// A subscriber on a connection of its own.
    pub(crate) async fn join(&self) -> Box<dyn Subscriber> {
        self.join_with(SubscriberOptions::default()).await
    }

    pub(crate) async fn join_with(&self, options: SubscriberOptions) -> Box<dyn Subscriber> {
        let transport = wingman_kafka::connect(&self.url).await.unwrap();
        transport.subscriber(&self.topic, &self.group, options).await.unwrap()
    }

    /// Settings of a client, without the adapter.
    pub(crate) fn raw(&self) -> ClientConfig {
        let mut config = ClientConfig::new();
        config.set("bootstrap.servers", self.address());
        config
    }
}

/// Exactly so many deliveries.
pub(crate) async fn take(subscriber: &dyn Subscriber, count: usize) -> Vec<Delivery> {
    let deadline = Instant::now() + PATIENCE;
    let mut taken = Vec::new();
    while taken.len() < count {
        assert!(Instant::now() < deadline, "only {:?} came", bodies(&taken));
        let most = NonZeroUsize::new(count - taken.len()).unwrap();
        taken.extend(subscriber.receive(most, QUIET).await.unwrap());
    }
    taken
}

pub(crate) async fn settle(
    subscriber: &dyn Subscriber,
    delivery: &Delivery,
    how: Settle,
) -> Result<()> {
    let batch = [(delivery.token.clone(), how)];
    let mut results = subscriber.settle(&batch).await.unwrap();
    assert_eq!(results.len(), 1);
    results.remove(0)
}

pub(crate) async fn ack(subscriber: &dyn Subscriber, deliveries: &[Delivery]) {
    for delivery in deliveries {
        settle(subscriber, delivery, Settle::Ack).await.unwrap();
    }
}

pub(crate) fn bodies(deliveries: &[Delivery]) -> Vec<String> {
    let body = |delivery: &Delivery| String::from_utf8_lossy(&delivery.message.payload).into();
    deliveries.iter().map(body).collect()
}

pub(crate) fn partitions(deliveries: &[Delivery]) -> BTreeSet<u32> {
    deliveries.iter().map(|delivery| delivery.position.lane).collect()
}

/// Waits until this holds.
pub(crate) async fn until(what: &str, mut holds: impl AsyncFnMut() -> bool) {
    let deadline = Instant::now() + PATIENCE;
    while !holds().await {
        assert!(Instant::now() < deadline, "{what} did not come about");
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
}
