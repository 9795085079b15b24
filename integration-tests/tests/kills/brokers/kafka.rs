//! Kafka: what is in a topic is read from each partition's beginning to its end, without a group.

use std::collections::BTreeMap;
use std::time::{Duration, Instant};

use rdkafka::ClientConfig;
use rdkafka::admin::{AdminClient, AdminOptions, NewTopic, TopicReplication};
use rdkafka::client::DefaultClientContext;
use rdkafka::consumer::{BaseConsumer, Consumer as _};
use rdkafka::error::RDKafkaErrorCode;
use rdkafka::message::{BorrowedMessage, Header, Headers as _, Message as _, OwnedHeaders};
use rdkafka::producer::{FutureProducer, FutureRecord};
use rdkafka::{Offset, TopicPartitionList};
use wingman_core::event::CloudEvent;

use super::{Broker, Sent, headers};

/// The longest wait for an answer, and for everything of a namespace.
const PATIENCE: Duration = Duration::from_secs(20);

#[derive(Debug)]
pub(super) struct Kafka {
    pub(super) url: String,
}

impl Broker for Kafka {
    fn name(&self) -> &'static str {
        "kafka"
    }

    fn url(&self) -> &str {
        &self.url
    }

    /// The listener of `brokers.sh` that asks who one is.
    fn url_refused(&self) -> String {
        let (host, port) = self.servers().split_once(':').expect("a server has a port");
        let port: u16 = port.parse().expect("a port is a number");
        format!("kafka://nobody:hunter2@{host}:{}?mechanism=PLAIN", port + 2)
    }

    /// Its client cannot tell a refused connection from an answer that takes long.
    fn url_impatient(&self) -> String {
        self.url_with("reply_millis=2000")
    }

    fn url_hasty(&self) -> String {
        self.url_with("revoke_millis=50")
    }

    fn add(&self, namespace: &str, events: &[CloudEvent]) {
        blocking(async {
            let producer: FutureProducer = self.client().create().expect("a producer opens");
            for event in events {
                let topic = format!("{namespace}.{}", event.ty());
                self.make(&topic).await;
                let headers = headers(event);
                let headers = headers.iter().fold(OwnedHeaders::new(), |all, (key, value)| {
                    all.insert(Header { key, value: Some(value) })
                });
                let data = event.data.as_deref().unwrap_or_default();
                let mut record = FutureRecord::to(&topic).payload(data).headers(headers);
                if let Some(key) = event.partition_key() {
                    record = record.key(key);
                }
                producer.send(record, PATIENCE).await.expect("the broker takes an event");
            }
        });
    }

    fn events(&self, namespace: &str) -> Vec<Sent> {
        let reader = self.reader();
        let mut places = TopicPartitionList::new();
        // What is left to be read of each partition: everything below this offset.
        let mut left = BTreeMap::new();
        for (topic, partition) in partitions(&reader, namespace) {
            let asked = reader.fetch_watermarks(&topic, partition, PATIENCE);
            let (low, high) = asked.expect("a partition has a beginning and an end");
            if low < high {
                let added = places.add_partition_offset(&topic, partition, Offset::Beginning);
                added.expect("a beginning is a place");
                left.insert((topic, partition), high);
            }
        }
        reader.assign(&places).expect("what there is can be read");
        let (mut events, deadline) = (Vec::new(), Instant::now() + PATIENCE);
        while !left.is_empty() {
            assert!(Instant::now() < deadline, "still unread of {namespace}: {left:?}");
            let Some(record) = reader.poll(Duration::from_millis(100)) else { continue };
            let record = record.expect("a record can be read");
            events.push(sent(&record));
            let place = (record.topic().to_owned(), record.partition());
            if left.get(&place).is_some_and(|end| record.offset() + 1 >= *end) {
                left.remove(&place);
            }
        }
        events
    }

    fn forget(&self, namespace: &str) {
        let reader = self.reader();
        let mut topics: Vec<_> =
            partitions(&reader, namespace).into_iter().map(|(topic, _)| topic).collect();
        topics.dedup();
        let groups = reader.fetch_group_list(None, PATIENCE).expect("the broker lists its groups");
        let ours = format!("@{namespace}.");
        let groups: Vec<_> =
            groups.groups().iter().map(|it| it.name()).filter(|it| it.contains(&ours)).collect();
        let topics: Vec<_> = topics.iter().map(String::as_str).collect();
        blocking(async {
            let (admin, options) = (self.admin(), AdminOptions::new());
            // A group whose member was killed is not empty for a session yet, and stays behind.
            if !groups.is_empty() {
                let _ = admin.delete_groups(&groups, &options).await;
            }
            if !topics.is_empty() {
                admin.delete_topics(&topics, &options).await.expect("topics can be deleted");
            }
        });
    }
}

impl Kafka {
    fn servers(&self) -> &str {
        let rest = self.url.strip_prefix("kafka://").expect("WINGMAN_KAFKA_URL is one of Kafka");
        rest.split_once('?').map_or(rest, |(servers, _)| servers)
    }

    fn client(&self) -> ClientConfig {
        let mut client = ClientConfig::new();
        client.set("bootstrap.servers", self.servers()).set("partitioner", "murmur2_random");
        client.set("acks", "all").set("linger.ms", "0");
        client
    }

    fn url_with(&self, setting: &str) -> String {
        let separator = if self.url.contains('?') { '&' } else { '?' };
        format!("{}{separator}{setting}", self.url)
    }

    fn reader(&self) -> BaseConsumer {
        let mut client = self.client();
        client.set("group.id", "kills-reader").set("enable.auto.commit", "false");
        client.create().expect("a reader opens")
    }

    fn admin(&self) -> AdminClient<DefaultClientContext> {
        self.client().create().expect("the broker's topics can be changed")
    }

    /// Makes a topic if it is not there.
    async fn make(&self, topic: &str) {
        let new = NewTopic::new(topic, 3, TopicReplication::Fixed(1));
        let made = self.admin().create_topics([&new], &AdminOptions::new()).await;
        for result in made.expect("the broker answers") {
            if let Err((topic, code)) = result {
                assert_eq!(code, RDKafkaErrorCode::TopicAlreadyExists, "{topic}");
            }
        }
    }
}

/// The partitions of every topic of a namespace, in order.
fn partitions(reader: &BaseConsumer, namespace: &str) -> Vec<(String, i32)> {
    let cluster = reader.fetch_metadata(None, PATIENCE).expect("the broker lists its topics");
    let ours = format!("{namespace}.");
    let mut found: Vec<_> = cluster
        .topics()
        .iter()
        .filter(|topic| topic.name().starts_with(&ours))
        .flat_map(|topic| topic.partitions().iter().map(|it| (topic.name().to_owned(), it.id())))
        .collect();
    found.sort();
    found
}

fn sent(record: &BorrowedMessage<'_>) -> Sent {
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    let header = |name: &str| {
        let mut all = record.headers().into_iter().flat_map(|all| all.iter());
        let found = all.find(|it| it.key == name).and_then(|it| it.value);
        text(found.unwrap_or_default())
    };
    Sent {
        source: header("ce_source"),
        id: header("ce_id"),
        data: text(record.payload().unwrap_or_default()),
    }
}

fn blocking<T>(work: impl Future<Output = T>) -> T {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
    runtime.expect("a runtime starts").block_on(work)
}
