//! The `wingman` command on the fake of Google Pub/Sub that `brokers.sh` starts, whose URL stands in `WINGMAN_PUBSUB_URL`.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on panics")]

#[path = "../command/guide.rs"]
mod guide;
#[path = "../command/on_broker.rs"]
mod on_broker;
#[allow(dead_code, reason = "the tests without a broker use the rest")]
#[path = "../command/process.rs"]
mod process;
#[path = "../command/topology.rs"]
mod topology;

use on_broker::{Broker, url_in};
use topology::topics_of;

on_broker::on_broker_tests!(broker);

fn url() -> String {
    url_in("WINGMAN_PUBSUB_URL")
}

fn broker() -> Broker {
    Broker {
        url: url(),
        known_key: "hold_seconds_max",
        product: "Pub/Sub emulator",
        down: "pubsub://wingman?emulator=127.0.0.1:1",
        own_names: |topic, group| (format!("{group}~{topic}"), group.to_owned()),
        left: |namespace| topics_of(&url(), namespace).len(),
        has_groups: |namespace| topics_of(&url(), namespace).iter().any(|(_, groups)| *groups > 0),
    }
}
