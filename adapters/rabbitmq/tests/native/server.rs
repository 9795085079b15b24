//! The server under test: through the adapter, directly, and by its own tool.

use std::num::NonZeroUsize;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use lapin::options::{BasicPublishOptions, QueueDeclareOptions};
use lapin::types::FieldTable;
use lapin::uri::AMQPUri;
use lapin::{BasicProperties, Channel, Connection, ConnectionProperties};
use tokio::time::Instant;
use wingman_core::Result;
use wingman_core::message::Message;
use wingman_core::name::{GroupName, TopicName};
use wingman_core::transport::{
    Delivery, Provision, Publisher, PublisherOptions, Settle, Subscriber, SubscriberOptions,
    Transport,
};

/// How long anything that must come may take.
pub(crate) const PATIENCE: Duration = Duration::from_secs(15);
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
            transport: wingman_rabbitmq::connect(url).await.unwrap(),
            topic: TopicName::new(topic).unwrap(),
            group: GroupName::new("workers").unwrap(),
        }
    }

    pub(crate) fn queue(&self) -> String {
        format!("{}@{}", self.group, self.topic)
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

    /// A subscriber on connections of its own, with these keys in its URL.
    pub(crate) async fn try_join(
        &self,
        keys: &str,
        provision: Provision,
        ordered: bool,
    ) -> Result<Box<dyn Subscriber>> {
        let options = SubscriberOptions { provision, ordered, ..SubscriberOptions::default() };
        let transport = wingman_rabbitmq::connect(&format!("{}{keys}", self.url)).await?;
        transport.subscriber(&self.topic, &self.group, options).await
    }

    pub(crate) async fn join(&self, ordered: bool) -> Box<dyn Subscriber> {
        self.try_join("", Provision::Ensure, ordered).await.unwrap()
    }

    /// A channel of a connection without the adapter.
    pub(crate) async fn raw(&self) -> (Connection, Channel) {
        let uri = self.transport.native().downcast_ref::<AMQPUri>().unwrap().clone();
        let properties = ConnectionProperties::default();
        let connection = Connection::connect_uri(uri, properties).await.unwrap();
        let channel = connection.create_channel().await.unwrap();
        (connection, channel)
    }

    /// Makes the group's queue as somebody else would.
    pub(crate) async fn queue_of_others(&self, arguments: FieldTable) {
        let (_connection, channel) = self.raw().await;
        let options = QueueDeclareOptions { durable: true, ..QueueDeclareOptions::default() };
        channel.queue_declare(self.queue().as_str().into(), options, arguments).await.unwrap();
    }

    /// Publishes to the group's queue as somebody else would.
    pub(crate) async fn raw_publish(&self, properties: BasicProperties, body: &[u8]) {
        let (connection, channel) = self.raw().await;
        let (queue, options) = (self.queue(), BasicPublishOptions::default());
        let sent =
            channel.basic_publish("".into(), queue.as_str().into(), options, body, properties);
        sent.await.unwrap();
        connection.close(200, "OK".into()).await.unwrap();
    }
}

/// The server's own tool.
pub(crate) async fn ctl(words: &[&str]) -> String {
    ctl_of("rabbitmq", words).await
}

/// The tool of a server by its name.
pub(crate) async fn ctl_of(server: &'static str, words: &[&str]) -> String {
    let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../integration-tests/brokers.sh");
    let words: Vec<_> = ["ctl", server].iter().chain(words).map(|it| (*it).to_owned()).collect();
    let run = move || std::process::Command::new(script).args(words).output();
    let output = tokio::task::spawn_blocking(run).await.unwrap().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout).unwrap()
}

/// Exactly so many deliveries.
pub(crate) async fn take(subscriber: &dyn Subscriber, count: usize) -> Vec<Delivery> {
    let deadline = Instant::now() + PATIENCE;
    let mut taken = Vec::new();
    while taken.len() < count {
        assert!(Instant::now() < deadline, "only {:?} came", bodies(&taken));
        let most = NonZeroUsize::new(count - taken.len()).unwrap();
        match subscriber.receive(most, QUIET).await {
            Ok(more) => taken.extend(more),
            // Tried again, as the bus does.
            Err(error) => assert_eq!(error.kind(), wingman_core::Kind::Unavailable, "{error}"),
        }
    }
    taken
}

/// What comes while the tests believe that something could.
pub(crate) async fn rest(subscriber: &dyn Subscriber) -> Vec<String> {
    let most = NonZeroUsize::new(1_000).unwrap();
    bodies(&subscriber.receive(most, QUIET).await.unwrap())
}

pub(crate) async fn ack(subscriber: &dyn Subscriber, deliveries: &[Delivery]) {
    let batch: Vec<_> = deliveries.iter().map(|it| (it.token.clone(), Settle::Ack)).collect();
    for result in subscriber.settle(&batch).await.unwrap() {
        result.unwrap();
    }
}

pub(crate) fn bodies(deliveries: &[Delivery]) -> Vec<String> {
    let body = |delivery: &Delivery| String::from_utf8_lossy(&delivery.message.payload).into();
    deliveries.iter().map(body).collect()
}
