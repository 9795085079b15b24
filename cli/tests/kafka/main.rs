//! The `wingman` command on a real Kafka, whose URL stands in `WINGMAN_KAFKA_URL`.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on panics")]

#[path = "../command/on_broker.rs"]
mod on_broker;
#[allow(dead_code, reason = "the tests without a broker use the rest")]
#[path = "../command/process.rs"]
mod process;
#[path = "../command/topology.rs"]
mod topology;

use on_broker::{Broker, unknown_key_is_named, url_in};
use topology::topics_of;

fn url() -> String {
    url_in("WINGMAN_KAFKA_URL")
}

fn broker() -> Broker {
    Broker {
        url: url(),
        left: |namespace| topics_of(&url(), namespace).len(),
        has_groups: |namespace| topics_of(&url(), namespace).iter().any(|(_, groups)| *groups > 0),
    }
}

#[test]
fn the_demo_takes_every_branch_and_cleans_up_unless_told_to_keep() {
    broker().demo_takes_every_branch_and_cleans_up_unless_told_to_keep();
}

#[test]
fn the_publishing_workflow_is_the_same_and_cleans_up() {
    broker().publishing_workflow_is_the_same_and_cleans_up();
}

#[test]
fn what_is_published_comes_to_each_group_once() {
    broker().what_is_published_comes_to_each_group_once();
}

#[test]
fn a_malformed_line_is_named_and_those_before_it_are_sent() {
    broker().malformed_line_is_named_and_those_before_it_are_sent();
}

#[test]
fn a_governed_publish_is_recorded_relayed_and_refused_for_owned_types() {
    broker().governed_publish_is_recorded_relayed_and_refused_for_owned_types();
}

#[test]
fn an_unknown_key_in_the_url_is_named_with_the_known_ones() {
    unknown_key_is_named(&format!("{}&nope=1", url()), "nope", "session_millis");
}

/// Nobody listens on port 1.
#[test]
fn a_broker_that_is_down_is_waited_for_and_named() {
    Broker::down_is_waited_for_and_named("kafka://127.0.0.1:1?reply_millis=500");
}
