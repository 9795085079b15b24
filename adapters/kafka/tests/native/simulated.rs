//! On a cluster that the client simulates: what brokers answer, and what they do not.

use std::num::NonZeroUsize;
use std::sync::Arc;
use std::time::Duration;

use rdkafka::mocking::MockCluster;
use rdkafka::producer::DefaultProducerContext;
use rdkafka::types::{RDKafkaApiKey, RDKafkaRespErr};
use tokio::time::Instant;
use wingman_core::message::Message;
use wingman_core::name::{GroupName, TopicName};
use wingman_core::transport::{
    Provision, Publisher, PublisherOptions, Subscriber, SubscriberOptions, Transport,
};
use wingman_core::{Kind, Retry};

use crate::server::{take, until};

const MOST: NonZeroUsize = NonZeroUsize::new(9).unwrap();

type Cluster = MockCluster<'static, DefaultProducerContext>;

async fn open(cluster: &Cluster, settings: &str) -> Arc<dyn Transport> {
    let url = format!("kafka://{}?{settings}", cluster.bootstrap_servers());
    wingman_kafka::connect(&url).await.unwrap()
}

async fn publisher(transport: &dyn Transport) -> Box<dyn Publisher> {
    let topic = TopicName::new("simulated").unwrap();
    let options = PublisherOptions { provision: Provision::Never };
    transport.publisher(&topic, options).await.unwrap()
}

fn cluster() -> Cluster {
    let cluster = MockCluster::new(1).unwrap();
    cluster.create_topic("simulated", 1, 1).unwrap();
    cluster
}

async fn kind(publisher: &dyn Publisher) -> Option<(Kind, Retry)> {
    let mut results = publisher.publish(&[Message::new("x")]).await.unwrap();
    results.remove(0).err().map(|error| (error.kind(), error.retry()))
}

pub(crate) async fn a_confirm_that_does_not_come_is_unknown() {
    let cluster = cluster();
    let transport = open(&cluster, "confirm_millis=1500").await;
    let publisher = publisher(&*transport).await;
    assert_eq!(kind(&*publisher).await, None);
    cluster.broker_round_trip_time(1, Duration::from_secs(30)).unwrap();
    assert_eq!(kind(&*publisher).await, Some((Kind::Unknown, Retry::Ambiguous)));
}

pub(crate) async fn what_a_broker_answers_has_a_kind() {
    let cluster = cluster();
    let transport = open(&cluster, "confirm_millis=5000").await;
    for (answer, expected) in [
        (RDKafkaRespErr::RD_KAFKA_RESP_ERR_MSG_SIZE_TOO_LARGE, Some(Kind::Oversize)),
        (RDKafkaRespErr::RD_KAFKA_RESP_ERR_TOPIC_AUTHORIZATION_FAILED, Some(Kind::Forbidden)),
        (RDKafkaRespErr::RD_KAFKA_RESP_ERR_INVALID_RECORD, Some(Kind::Rejected)),
        // The client tries again by itself, and the broker takes it.
        (RDKafkaRespErr::RD_KAFKA_RESP_ERR_NOT_LEADER_FOR_PARTITION, None),
        (RDKafkaRespErr::RD_KAFKA_RESP_ERR_NOT_ENOUGH_REPLICAS, None),
    ] {
        let publisher = publisher(&*transport).await;
        cluster.request_errors(RDKafkaApiKey::Produce, &[answer]);
        let seen = kind(&*publisher).await.map(|(kind, _)| kind);
        assert_eq!(seen, expected, "{answer:?}");
        cluster.clear_request_errors(RDKafkaApiKey::Produce);
        until("the next to be taken", async || kind(&*publisher).await.is_none()).await;
    }
}

pub(crate) async fn a_cluster_that_goes_away_is_told_and_comes_back() {
    let cluster = cluster();
    let transport = open(&cluster, "reply_millis=1000").await;
    transport.ping().await.unwrap();
    cluster.broker_down(1).unwrap();
    let error = transport.ping().await.unwrap_err();
    assert_eq!(error.kind(), Kind::Unavailable);
    assert!(error.context("servers").is_some());
    cluster.broker_up(1).unwrap();
    until("an answer", async || transport.ping().await.is_ok()).await;
}

/// Before a message is given to the client it waits for no confirm, and may be published again without harm.
pub(crate) async fn nothing_is_sent_before_a_broker_answers() {
    let cluster = cluster();
    let transport = open(&cluster, "reply_millis=1000&confirm_millis=50000").await;
    let publisher = publisher(&*transport).await;
    cluster.broker_down(1).unwrap();
    let error = publisher.publish(&[Message::new("x")]).await.unwrap_err();
    assert_eq!(error.kind(), Kind::Unavailable, "{error:?}");
    assert_eq!(error.retry(), Retry::Temporary { after: None });
    cluster.broker_up(1).unwrap();
    until("a confirm", async || {
        let published = publisher.publish(&[Message::new("x")]).await;
        published.is_ok_and(|mut results| results.remove(0).is_ok())
    })
    .await;
}

/// A member of a group, with a publisher beside it, that has taken a message.
async fn at_work(
    cluster: &Cluster,
) -> (Arc<dyn Transport>, Box<dyn Publisher>, Box<dyn Subscriber>) {
    let settings =
        "reply_millis=1000&confirm_millis=1500&session_millis=30000&heartbeat_millis=200";
    let transport = open(cluster, settings).await;
    let publisher = publisher(&*transport).await;
    let (topic, group) = (TopicName::new("simulated").unwrap(), GroupName::new("workers").unwrap());
    let options = SubscriberOptions { provision: Provision::Never, ..Default::default() };
    let subscriber = transport.subscriber(&topic, &group, options).await.unwrap();
    assert_eq!(kind(&*publisher).await, None);
    take(&*subscriber, 1).await;
    (transport, publisher, subscriber)
}

/// The session is far longer: one reply's time for the member to leave, one confirm's for what is in flight, and a moment.
pub(crate) async fn closing_without_a_cluster_is_bounded() {
    const BOUND: Duration = Duration::from_millis(1_000 + 1_500 + 2_000);
    let cluster = cluster();
    let (transport, publisher, subscriber) = at_work(&cluster).await;
    cluster.broker_down(1).unwrap();
    let receiving = async {
        loop {
            match subscriber.receive(MOST, Duration::from_secs(30)).await {
                Err(error) if error.kind() == Kind::Unavailable => {
                    tokio::time::sleep(Duration::from_millis(50)).await;
                }
                ended => return ended.map(|came| came.len()).map_err(|error| error.kind()),
            }
        }
    };
    let closing = async {
        let began = Instant::now();
        transport.close().await.unwrap();
        began.elapsed()
    };
    // The publish is under way when the transport begins to close.
    let (published, received, took) = tokio::join!(biased; kind(&*publisher), receiving, closing);
    assert!(took <= BOUND, "closing took {took:?}");
    assert_eq!(received, Err(Kind::Closed));
    assert_eq!(published, Some((Kind::Unknown, Retry::Ambiguous)));
}

/// The client waits for a second, and half of one more by chance, before it tries again. The session
/// outlives this, so that no group has to form anew, for which this cluster takes three seconds.
pub(crate) async fn work_goes_on_soon_after_a_cluster_is_back() {
    const AWAY: Duration = Duration::from_secs(6);
    const BOUND: Duration = Duration::from_secs(4);
    let cluster = cluster();
    let (_transport, publisher, subscriber) = at_work(&cluster).await;
    cluster.broker_down(1).unwrap();
    tokio::time::sleep(AWAY).await;
    assert!(kind(&*publisher).await.is_some(), "nobody can confirm");
    cluster.broker_up(1).unwrap();
    let began = Instant::now();
    until("a confirm", async || kind(&*publisher).await.is_none()).await;
    until("a delivery", async || {
        let came = subscriber.receive(MOST, Duration::from_millis(100)).await;
        came.is_ok_and(|came| !came.is_empty())
    })
    .await;
    let took = began.elapsed();
    assert!(took <= BOUND, "it took {took:?}");
}
