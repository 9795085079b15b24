//! The `wingman` command on a real RabbitMQ, whose URL stands in `WINGMAN_RABBITMQ_URL`, started by
//! `integration-tests/brokers.sh`.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on panics")]

mod check;
#[path = "../command/guide.rs"]
mod guide;
#[path = "../command/on_broker.rs"]
mod on_broker;
#[allow(dead_code, reason = "the tests without a broker use the rest")]
#[path = "../command/process.rs"]
mod process;
mod proxy;

use std::path::Path;
use std::process::Command;

use on_broker::{Broker, url_in};

on_broker::on_broker_tests!(broker);

fn url() -> String {
    url_in("WINGMAN_RABBITMQ_URL")
}

fn broker() -> Broker {
    Broker {
        url: url(),
        known_key: "confirm_millis",
        product: "RabbitMQ",
        down: "amqp://127.0.0.1:1",
        own_names: |topic, group| (format!("{group}@{topic}"), group.to_owned()),
        left: |namespace| count("list_queues", namespace) + count("list_exchanges", namespace),
        has_groups: |namespace| count("list_queues", namespace) > 0,
    }
}

/// How many names of a namespace the server's own tool lists.
fn count(list: &str, namespace: &str) -> usize {
    let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("../integration-tests/brokers.sh");
    let listed = Command::new(script).args(["ctl", "rabbitmq", list, "name"]).output().unwrap();
    assert!(listed.status.success(), "{}", String::from_utf8_lossy(&listed.stderr));
    let names = String::from_utf8(listed.stdout).unwrap();
    names.lines().filter(|name| name.contains(namespace)).count()
}

#[test]
fn the_guide_from_bus_to_enforce_does_what_it_says() {
    guide::run("three-handlers.md", &url());
}
