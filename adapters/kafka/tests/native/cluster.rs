//! Three nodes, of which one or two are killed.

use std::collections::BTreeMap;
use std::path::Path;
use std::process::{Command, Stdio};

use rdkafka::consumer::{BaseConsumer, Consumer as _};
use wingman_core::message::Message;
use wingman_core::transport::Publisher;
use wingman_core::{Kind, Retry};

use crate::server::{PATIENCE, Server, ack, take, until};

const KEYS: usize = 8;
/// Messages of each key.
const EACH: usize = 150;

/// Runs `brokers.sh`, which started the nodes.
async fn brokers(arguments: [&str; 2]) {
    let arguments = arguments.map(str::to_owned);
    tokio::task::spawn_blocking(move || run_script(&arguments)).await.unwrap();
}

fn run_script(arguments: &[String]) {
    let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../integration-tests/brokers.sh");
    let output = Command::new(script).args(arguments).stdin(Stdio::null()).output().unwrap();
    assert!(output.status.success(), "{arguments:?}: {output:?}");
}

/// The node that leads the first partition.
async fn leader(server: &Server) -> String {
    let asking: BaseConsumer = server.raw().create().unwrap();
    let topic = server.topic.clone();
    let ask = move || {
        let metadata = asking.fetch_metadata(Some(topic.as_str()), PATIENCE).unwrap();
        metadata.topics()[0].partitions().iter().find(|it| it.id() == 0).unwrap().leader()
    };
    format!("kafka3-{}", tokio::task::spawn_blocking(ask).await.unwrap())
}

/// Publishes the round of each key, again whatever was not confirmed, and never the next before.
async fn publish_round(publisher: &dyn Publisher, round: usize) {
    let message = |key: usize| Message::new(round.to_string()).with_key(key.to_string());
    let mut left: Vec<_> = (0..KEYS).map(message).collect();
    until("a confirm of each", async || {
        let results = publisher.publish(&left).await.unwrap();
        let mut failed = results.iter().map(|result| {
            result
                .as_ref()
                .err()
                .map(|error| assert_ne!(error.retry(), Retry::Permanent, "{error}"))
        });
        left.retain(|_| failed.next().unwrap().is_some());
        left.is_empty()
    })
    .await;
}

pub(crate) async fn a_leader_that_is_killed_takes_nothing_confirmed_along(server: Server) {
    let subscriber = server.join().await;
    let publisher = server.publisher().await;
    let node = leader(&server).await;
    let publishing = async {
        for round in 0..EACH {
            publish_round(&*publisher, round).await;
        }
    };
    let killing = async {
        // Some rounds before, most while it is away.
        until("a first confirm", async || {
            let info = server.admin().inspect(&server.topic).await.unwrap().unwrap();
            info.messages > Some(KEYS as u64 * 5)
        })
        .await;
        brokers(["kill", &node]).await;
    };
    let handling = async {
        let mut next: BTreeMap<String, usize> = BTreeMap::new();
        while next.values().sum::<usize>() < KEYS * EACH {
            let one = take(&*subscriber, 1).await.remove(0);
            let key = String::from_utf8(one.message.key.clone().unwrap().to_vec()).unwrap();
            let round: usize = std::str::from_utf8(&one.message.payload).unwrap().parse().unwrap();
            let expected = next.entry(key).or_default();
            // What comes again is what came before, never something out of turn.
            assert!(round <= *expected, "{round} came before {expected}");
            *expected = (*expected).max(round + 1);
            // A partition may move, or come back, in between.
            let _ = subscriber.settle(&[(one.token, wingman_core::transport::Settle::Ack)]).await;
        }
    };
    tokio::join!(publishing, killing, handling);
    brokers(["up", &node]).await;
}

pub(crate) async fn too_few_replicas_confirm_nothing_until_they_are_back(server: Server) {
    let server = server.with("confirm_millis=3000&partitions=1").await;
    let publisher = server.publisher().await;
    publish_round(&*publisher, 0).await;
    let leader = leader(&server).await;
    let others: Vec<_> =
        (1..=3).map(|node| format!("kafka3-{node}")).filter(|node| *node != leader).collect();
    for node in &others {
        brokers(["kill", node]).await;
    }
    let mut results = publisher.publish(&[Message::new("x")]).await.unwrap();
    let error = results.remove(0).unwrap_err();
    assert!(matches!(error.kind(), Kind::Unknown | Kind::Unavailable), "{error}");
    assert_ne!(error.retry(), Retry::Permanent);
    brokers(["up", "kafka3"]).await;
    publish_round(&*publisher, 1).await;
    let subscriber = server.join().await;
    let came = take(&*subscriber, 2 * KEYS).await;
    ack(&*subscriber, &came).await;
}
