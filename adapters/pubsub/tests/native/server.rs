//! The service under test: through the adapter, and directly.

use std::num::NonZeroUsize;
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use google_cloud_auth::credentials::anonymous::Builder as Anonymous;
use google_cloud_pubsub::client::{BasePublisher, SubscriptionAdmin};
use tokio::time::Instant;
use wingman_core::message::Message;
use wingman_core::name::{GroupName, TopicName};
use wingman_core::transport::{
    Delivery, Publisher, PublisherOptions, Settle, Subscriber, SubscriberOptions, Transport,
};

/// How long anything that must come may take.
pub(crate) const PATIENCE: Duration = Duration::from_secs(20);
/// How long nothing must come before the tests believe it.
pub(crate) const QUIET: Duration = Duration::from_millis(700);

/// A topic and a group of one test.
pub(crate) struct Server {
    pub(crate) transport: Arc<dyn Transport>,
    pub(crate) topic: TopicName,
    pub(crate) group: GroupName,
    endpoint: String,
}

impl Server {
    pub(crate) async fn new(test: &str, url: &str) -> Self {
        static NUMBER: AtomicU32 = AtomicU32::new(0);
        let number = NUMBER.fetch_add(1, Ordering::Relaxed);
        let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap();
        let test = test.replace("::", ".");
        let emulator = url.split_once("emulator=").unwrap().1;
        Self {
            transport: wingman_pubsub::connect(url).await.unwrap(),
            topic: TopicName::new(format!("native-{}-{number}-{test}", now.as_nanos())).unwrap(),
            group: GroupName::new("workers").unwrap(),
            endpoint: format!("http://{}", emulator.split('&').next().unwrap()),
        }
    }

    pub(crate) async fn publisher(&self) -> Box<dyn Publisher> {
        self.transport.publisher(&self.topic, PublisherOptions::default()).await.unwrap()
    }

    pub(crate) async fn join(&self) -> Box<dyn Subscriber> {
        let options = SubscriberOptions::default();
        self.transport.subscriber(&self.topic, &self.group, options).await.unwrap()
    }

    /// Publishes a message for each text, all confirmed.
    pub(crate) async fn publish(&self, messages: &[Message]) {
        let publisher = self.publisher().await;
        for part in messages.chunks(1_000) {
            for result in publisher.publish(part).await.unwrap() {
                result.unwrap();
            }
        }
    }

    /// The client for publishing, without the adapter.
    pub(crate) async fn raw_publisher(&self) -> BasePublisher {
        let builder = BasePublisher::builder().with_endpoint(&self.endpoint);
        builder.with_credentials(Anonymous::new().build()).build().await.unwrap()
    }

    /// The client for subscriptions, without the adapter.
    pub(crate) async fn raw_subscriptions(&self) -> SubscriptionAdmin {
        let builder = SubscriptionAdmin::builder().with_endpoint(&self.endpoint);
        builder.with_credentials(Anonymous::new().build()).build().await.unwrap()
    }

    pub(crate) fn topic_path(&self) -> String {
        format!("projects/wingman/topics/{}", self.topic)
    }

    pub(crate) fn subscription_path(&self) -> String {
        format!("projects/wingman/subscriptions/{}~{}", self.group, self.topic)
    }
}

/// Exactly so many deliveries.
pub(crate) async fn take(subscriber: &dyn Subscriber, count: usize) -> Vec<Delivery> {
    let deadline = Instant::now() + PATIENCE;
    let mut taken = Vec::new();
    while taken.len() < count {
        assert!(Instant::now() < deadline, "only {} came", taken.len());
        let most = NonZeroUsize::new(count - taken.len()).unwrap();
        taken.extend(subscriber.receive(most, QUIET).await.unwrap());
    }
    taken
}

pub(crate) async fn ack(subscriber: &dyn Subscriber, deliveries: &[Delivery]) {
    let batch: Vec<_> = deliveries.iter().map(|it| (it.token.clone(), Settle::Ack)).collect();
    for result in subscriber.settle(&batch).await.unwrap() {
        result.unwrap();
    }
}
