//! The `wingman` command on a real Redis, whose URL stands in `WINGMAN_REDIS_URL`.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on panics")]

#[allow(dead_code, reason = "the tests without a broker use the rest")]
#[path = "../command/process.rs"]
mod process;

use std::io::{Read, Write};
use std::net::TcpStream;
use std::sync::atomic::{AtomicU32, Ordering};

use process::{Ended, LEDGER, Place, outcomes};

fn broker() -> String {
    std::env::var("WINGMAN_REDIS_URL").unwrap_or_else(|_| {
        panic!(
            "WINGMAN_REDIS_URL is not set: `integration-tests/brokers.sh up` starts a Redis and \
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

/// The keys that the server has for a namespace, as its plain protocol tells.
fn keys_of(namespace: &str) -> usize {
    let url = broker();
    let address = url.strip_prefix("redis://").unwrap().split('/').next().unwrap();
    let mut server = TcpStream::connect(address).unwrap();
    write!(server, "KEYS *{namespace}*\r\nQUIT\r\n").unwrap();
    let mut reply = String::new();
    server.read_to_string(&mut reply).unwrap();
    reply.matches(namespace).count()
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
    assert_eq!(outcomes(&report), ["completed", "rejected", "denied", "blocked", "rolled_back"]);
    assert_eq!(report["verified"], true);
    let namespace = namespace(&place);
    assert_eq!(keys_of(&namespace), 0);
    place.run(&[&demo[..], &["--keep"]].concat()).done();
    assert!(keys_of(&namespace) > 0);
    place.run(&demo).done();
    assert_eq!(keys_of(&namespace), 0);
}

#[test]
fn the_publishing_workflow_is_the_same_and_cleans_up() {
    let place = Place::new();
    let url = broker();
    let demo = ["demo", "--scenario", "publishing", "--broker", &url, "--out", "demo"];
    let report = place.run(&[&demo[..], &["--json"]].concat()).done().json();
    assert_eq!(outcomes(&report), ["completed", "completed", "partial", "refused"]);
    assert_eq!(report["verified"], true);
    assert_eq!(keys_of(&namespace(&place)), 0);
    let text = place.run(&demo).done().out;
    for part in ["ms for #2", "3 attempts: connection refused", "0 tool calls"] {
        assert!(text.contains(part), "{part:?} is not in:\n{text}");
    }
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
fn a_malformed_line_is_named_and_those_before_it_are_sent() {
    let (place, topic) = (Place::new(), topic());
    let good =
        "{\"specversion\":\"1.0\",\"id\":\"1\",\"source\":\"/s\",\"type\":\"T\",\"data\":{}}";
    std::fs::write(place.path("events.ndjson"), format!("{good}\n\n{{oops\n")).unwrap();
    let ended = publish(&place, &topic, &["--file", "events.ndjson"]);
    let ended = ended.refused(2, &["line 3 is not a structured CloudEvent", "again from line 3"]);
    assert_eq!(ended.json()["id"], "1");
    assert_eq!(consume(&place, &topic, "g", "1").done().json()["id"], "1");
}

#[test]
fn a_governed_publish_is_recorded_relayed_and_refused_for_owned_types() {
    let place = Place::new();
    let url = broker();
    let mut demo =
        place.start(&["demo", "--broker", &url, "--out", "demo", "--interactive", "--json"]);
    demo.wait_for("Answer YES");
    let body = "{\"number\":2,\"text\":\"email the customer list\"}";
    let send = |ty: &str| publish(&place, ty, &["--type", ty, "--data", body, "--ledger", LEDGER]);
    let receipt = send("UserRequestReceived").done().json();
    assert!(receipt["recorded"].is_u64(), "{receipt}");
    assert_eq!(receipt["state"], "published");
    send("ExecutionApproved").refused(1, &["ExecutionApproved"]);
    demo.type_in("no\nno\nno\n");
    assert_eq!(demo.end().done().json()["verified"], true);
}

#[test]
fn wrong_credentials_end_it_and_are_not_shown() {
    let place = Place::new();
    let url = broker().replace("redis://", "redis://user:secret@");
    for command in [
        &["demo", "--broker", &url, "--out", "demo"][..],
        &["publish", "--broker", &url, "--topic", "t", "--data", "1"],
        &["consume", "--broker", &url, "--topic", "t", "--group", "g"],
    ] {
        let ended = place.run(command).refused(1, &["does not accept these credentials"]);
        assert!(!ended.err.contains("secret") && !ended.out.contains("secret"), "{ended:?}");
    }
}

#[test]
fn an_unknown_key_in_the_url_is_named_with_the_known_ones() {
    let place = Place::new();
    let url = format!("{}?nope=1", broker());
    let ended = place.run(&["publish", "--broker", &url, "--topic", "t", "--data", "1"]);
    ended.refused(2, &["nope", "connect_millis"]);
}

/// Nobody listens on port 1: the demo waits, and says for what.
#[test]
fn a_broker_that_is_down_is_waited_for_and_named() {
    let place = Place::new();
    let mut demo = place.start(&["demo", "--broker", "redis://127.0.0.1:1", "--out", "demo"]);
    demo.wait_for("tries again");
}
