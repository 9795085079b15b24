//! On a cluster that the client simulates: what brokers answer, and what they do not.

use std::sync::Arc;
use std::time::Duration;

use rdkafka::mocking::MockCluster;
use rdkafka::producer::DefaultProducerContext;
use rdkafka::types::{RDKafkaApiKey, RDKafkaRespErr};
use wingman_core::message::Message;
use wingman_core::name::TopicName;
use wingman_core::transport::{Provision, Publisher, PublisherOptions, Transport};
use wingman_core::{Kind, Retry};

use crate::server::until;

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
