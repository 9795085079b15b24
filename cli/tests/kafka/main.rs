//! The `wingman` command on a real Kafka, whose URL stands in `WINGMAN_KAFKA_URL`.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on panics")]

#[allow(dead_code, reason = "the tests without a broker use the rest")]
#[path = "../command/process.rs"]
mod process;

use std::sync::atomic::{AtomicU32, Ordering};

use process::{Ended, Place};
use wingman_hub::core::name::Namespace;
use wingman_scenarios::Scenario as _;
use wingman_scenarios::agent_loop::AgentLoop;

fn broker() -> String {
    std::env::var("WINGMAN_KAFKA_URL").unwrap_or_else(|_| {
        panic!(
            "WINGMAN_KAFKA_URL is not set: `integration-tests/brokers.sh up` starts a Kafka and \
             `integration-tests/brokers.sh urls` prints its URL"
        )
    })
}

/// A topic that no other test and no other run has.
fn topic() -> String {
    static COUNT: AtomicU32 = AtomicU32::new(0);
    let count = COUNT.fetch_add(1, Ordering::Relaxed);
    let now = std::time::UNIX_EPOCH.elapsed().unwrap().as_nanos();
    format!("cli-{}-{now}-{count}", std::process::id())
}

/// The topics of the demo that there are, each with its groups.
fn topics_of(namespace: &str) -> Vec<(String, usize)> {
    let runtime = tokio::runtime::Runtime::new().unwrap();
    runtime.block_on(async {
        let bus = wingman_hub::connect(&broker()).await.unwrap();
        let admin = bus.transport().admin().unwrap();
        let mut found = Vec::new();
        for ty in AgentLoop.event_types() {
            let topic = Namespace::new(namespace).unwrap().topic(ty).unwrap();
            if let Some(info) = admin.inspect(&topic).await.unwrap() {
                found.push((topic.as_str().to_owned(), info.groups.len()));
            }
        }
        found
    })
}

/// The beginning of a demo's namespace, which is its ledger's.
fn namespace(place: &Place) -> String {
    let found = place.on_ledger(&["audit", "verify"]).done().json();
    format!("demo-{}", &found["ledger"].as_str().unwrap()[..6])
}

fn publish(place: &Place, topic: &str, more: &[&str]) -> Ended {
    let url = broker();
    place.run(&[&["publish", "--broker", &url, "--topic", topic], more].concat())
}

fn consume(place: &Place, topic: &str, group: &str, max: &str) -> Ended {
    let url = broker();
    let command = ["consume", "--broker", &url, "--topic", topic, "--group", group];
    place.run(&[&command[..], &["--max", max, "--wait", "20"]].concat())
}

#[test]
fn the_demo_takes_every_branch_and_cleans_up_unless_told_to_keep() {
    let place = Place::new();
    let url = broker();
    let demo = ["demo", "--broker", &url, "--out", "demo", "--json"];
    let report = place.run(&demo).done().json();
    let outcomes: Vec<&str> = report["requests"]
        .as_array()
        .unwrap()
        .iter()
        .map(|it| it["outcome"].as_str().unwrap())
        .collect();
    assert_eq!(outcomes, ["completed", "rejected", "denied", "blocked", "rolled_back"]);
    assert_eq!(report["verified"], true);
    let namespace = namespace(&place);
    assert_eq!(topics_of(&namespace), []);
    place.run(&[&demo[..], &["--keep"]].concat()).done();
    let kept = topics_of(&namespace);
    assert!(kept.iter().any(|(_, groups)| *groups > 0), "{kept:?}");
    place.run(&demo).done();
    assert_eq!(topics_of(&namespace), []);
}

#[test]
fn what_is_published_comes_to_each_group_once() {
    let (place, topic) = (Place::new(), topic());
    let data = ["--data", "{\"id\":7}", "--type", "OrderPlaced", "--key", "k", "--subject", "s"];
    let receipt = publish(&place, &topic, &data).done().json();
    assert_eq!(receipt["topic"], topic.as_str());
    assert!(receipt["position"].is_string());
    for group in ["one", "two"] {
        let event = consume(&place, &topic, group, "1").done().json();
        assert_eq!(event["id"], receipt["id"]);
        assert_eq!(event["type"], "OrderPlaced");
        assert_eq!(event["data"]["id"], 7);
        assert_eq!((&event["partitionkey"], &event["subject"]), (&"k".into(), &"s".into()));
    }
    publish(&place, &topic, &["--data", "8"]).done();
    let next = consume(&place, &topic, "one", "1").done().json();
    assert_eq!(next["data"], 8);
}

#[test]
fn an_unknown_key_in_the_url_is_named_with_the_known_ones() {
    let place = Place::new();
    let url = format!("{}&nope=1", broker());
    let ended = place.run(&["publish", "--broker", &url, "--topic", "t", "--data", "1"]);
    ended.refused(2, &["nope", "session_millis"]);
}

/// Nobody listens on port 1: the demo waits, and says for what.
#[test]
fn a_broker_that_is_down_is_waited_for_and_named() {
    let place = Place::new();
    let url = "kafka://127.0.0.1:1?reply_millis=500";
    let mut demo = place.start(&["demo", "--broker", url, "--out", "demo"]);
    demo.wait_for("tries again");
}
