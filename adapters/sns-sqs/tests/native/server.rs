//! The services under test: through the adapter, and directly.

use std::num::NonZeroUsize;
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use tokio::time::Instant;
use wingman_core::Result;
use wingman_core::message::Message;
use wingman_core::name::{GroupName, TopicName};
use wingman_core::transport::{
    Delivery, Publisher, PublisherOptions, Settle, Subscriber, SubscriberOptions, Transport,
};
use wingman_sns_sqs::Clients;

/// How long anything that must come may take.
pub(crate) const PATIENCE: Duration = Duration::from_secs(20);
/// How long nothing must come before the tests believe it; the service waits in whole seconds.
pub(crate) const QUIET: Duration = Duration::from_secs(1);
/// The account of the emulator.
const ACCOUNT: &str = "000000000000";

/// A topic and a group of one test.
pub(crate) struct Server {
    pub(crate) url: String,
    pub(crate) transport: Arc<dyn Transport>,
    pub(crate) topic: TopicName,
    pub(crate) group: GroupName,
}

impl Server {
    pub(crate) async fn new(test: &str, url: &str) -> Self {
        static NUMBER: AtomicU32 = AtomicU32::new(0);
        let number = NUMBER.fetch_add(1, Ordering::Relaxed);
        let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap();
        let test: String = test.replace("::", "-").chars().take(20).collect();
        let topic = format!("native-{}-{number}-{test}", now.as_millis());
        Self {
            url: url.to_owned(),
            transport: wingman_sns_sqs::connect(url).await.unwrap(),
            topic: TopicName::new(topic.trim_end_matches('_')).unwrap(),
            group: GroupName::new("workers").unwrap(),
        }
    }

    /// The same test with a key more in the URL.
    pub(crate) async fn with(mut self, setting: &str) -> Self {
        self.url = format!("{}&{setting}", self.url);
        self.transport = wingman_sns_sqs::connect(&self.url).await.unwrap();
        self
    }

    /// `host:port`.
    pub(crate) fn address(&self) -> &str {
        let rest = self.url.split("endpoint=http://").nth(1).unwrap();
        rest.split(['&', '/']).next().unwrap()
    }

    /// The native clients.
    pub(crate) fn clients(&self) -> &Clients {
        self.transport.native().downcast_ref().unwrap()
    }

    fn suffix(&self) -> &str {
        if self.url.contains("fifo=false") { "" } else { ".fifo" }
    }

    pub(crate) fn topic_arn(&self) -> String {
        format!("arn:aws:sns:us-east-1:{ACCOUNT}:{}{}", self.topic, self.suffix())
    }

    pub(crate) fn queue(&self) -> String {
        format!("{}__{}{}", self.topic, self.group, self.suffix())
    }

    pub(crate) fn queue_arn(&self) -> String {
        format!("arn:aws:sqs:us-east-1:{ACCOUNT}:{}", self.queue())
    }

    pub(crate) async fn queue_url(&self) -> String {
        let call = self.clients().sqs.get_queue_url().queue_name(self.queue());
        call.send().await.unwrap().queue_url.unwrap()
    }

    pub(crate) async fn publisher(&self) -> Box<dyn Publisher> {
        let options = PublisherOptions::default();
        self.transport.publisher(&self.topic, options).await.unwrap()
    }

    /// Publishes `key:body` texts; without a colon there is no key.
    pub(crate) async fn publish<T: AsRef<str>>(&self, texts: &[T]) {
        for result in self.publisher().await.publish(&messages(texts)).await.unwrap() {
            result.unwrap();
        }
    }

    /// A subscriber on a connection of its own.
    pub(crate) async fn join(&self, lease: Duration) -> Box<dyn Subscriber> {
        let ordered = self.transport.capabilities().order_by_key.is_supported();
        let options = SubscriberOptions { lease, ordered, ..SubscriberOptions::default() };
        self.join_with(options).await
    }

    pub(crate) async fn join_with(&self, options: SubscriberOptions) -> Box<dyn Subscriber> {
        let transport = wingman_sns_sqs::connect(&self.url).await.unwrap();
        transport.subscriber(&self.topic, &self.group, options).await.unwrap()
    }
}

/// Messages of `key:body` texts.
pub(crate) fn messages<T: AsRef<str>>(texts: &[T]) -> Vec<Message> {
    let message = |text: &T| match text.as_ref().split_once(':') {
        Some((key, body)) => Message::new(body.to_owned()).with_key(key.to_owned()),
        None => Message::new(text.as_ref().to_owned()),
    };
    texts.iter().map(message).collect()
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
