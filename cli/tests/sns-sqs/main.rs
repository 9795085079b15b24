//! The `wingman` command on SNS and SQS, whose URL stands in `WINGMAN_SNS_SQS_URL`.

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
    url_in("WINGMAN_SNS_SQS_URL")
}

fn broker() -> Broker {
    Broker {
        url: url(),
        known_key: "payload_bytes_max",
        product: "SNS and SQS",
        down: "sns-sqs://us-east-1?endpoint=http://127.0.0.1:1&account=000000000000&access_key=a&secret_key=b",
        own_names: |topic, group| (format!("{topic}__{group}.fifo"), group.to_owned()),
        left: |namespace| topics_of(&url(), namespace).len(),
        has_groups: |namespace| topics_of(&url(), namespace).iter().any(|(_, groups)| *groups > 0),
    }
}
