//! The server under test: through the adapter, and directly.

use std::num::NonZeroUsize;
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use redis::aio::MultiplexedConnection;
use redis::{FromRedisValue, ToRedisArgs};
use tokio::time::Instant;
use wingman_core::Result;
use wingman_core::message::Message;
use wingman_core::name::{GroupName, TopicName};
use wingman_core::transport::{
    Delivery, Publisher, PublisherOptions, Settle, Subscriber, SubscriberOptions, Transport,
};

/// How long anything that must come may take.
pub(crate) const PATIENCE: Duration = Duration::from_secs(10);
/// How long nothing must come before the tests believe it.
pub(crate) const QUIET: Duration = Duration::from_millis(400);

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
            transport: wingman_redis::connect(url).await.unwrap(),
            topic: TopicName::new(topic).unwrap(),
            group: GroupName::new("workers").unwrap(),
        }
    }

    /// The same test on a database of its own, for what would disturb others.
    pub(crate) async fn on_database(mut self, number: u8) -> Self {
        self.url = format!("{}/{number}", self.url);
        self.transport = wingman_redis::connect(&self.url).await.unwrap();
        self
    }

    pub(crate) async fn publisher(&self) -> Box<dyn Publisher> {
        let options = PublisherOptions::default();
        self.transport.publisher(&self.topic, options).await.unwrap()
    }

    /// Publishes `key:body` texts; without a colon there is no key.
    pub(crate) async fn publish(&self, texts: &[&'static str]) {
        let message = |text: &&'static str| match text.split_once(':') {
            Some((key, body)) => Message::new(body).with_key(key),
            None => Message::new(*text),
        };
        let batch: Vec<_> = texts.iter().map(message).collect();
        for result in self.publisher().await.publish(&batch).await.unwrap() {
            result.unwrap();
        }
    }

    /// A subscriber on a connection of its own.
    pub(crate) async fn join(&self, lease: Duration, ordered: bool) -> Box<dyn Subscriber> {
        let options = SubscriberOptions { lease, ordered, ..SubscriberOptions::default() };
        let transport = wingman_redis::connect(&self.url).await.unwrap();
        let joined = transport.subscriber(&self.topic, &self.group, options).await;
        joined.unwrap()
    }

    /// A command, without the adapter.
    pub(crate) async fn raw<T: FromRedisValue>(&self, words: &[impl ToRedisArgs]) -> T {
        raw(&*self.transport, words).await
    }
}

/// A command on a connection of its own, with the transport's credentials.
pub(crate) async fn raw<T: FromRedisValue>(
    transport: &dyn Transport,
    words: &[impl ToRedisArgs],
) -> T {
    let client = transport.native().downcast_ref::<redis::Client>().unwrap();
    let mut connection: MultiplexedConnection =
        client.get_multiplexed_async_connection().await.unwrap();
    let mut command = redis::Cmd::new();
    for word in words {
        command.arg(word);
    }
    command.query_async(&mut connection).await.unwrap()
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

/// What comes while the tests believe that something could.
pub(crate) async fn rest(subscriber: &dyn Subscriber) -> Vec<String> {
    let most = NonZeroUsize::new(100).unwrap();
    bodies(&subscriber.receive(most, QUIET).await.unwrap())
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
