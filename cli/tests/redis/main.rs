//! The `wingman` command on a real Redis, whose URL stands in `WINGMAN_REDIS_URL`.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on panics")]

#[path = "../command/on_broker.rs"]
mod on_broker;
#[allow(dead_code, reason = "the tests without a broker use the rest")]
#[path = "../command/process.rs"]
mod process;

use std::io::{Read, Write};
use std::net::TcpStream;

use on_broker::{Broker, unknown_key_is_named, url_in};
use process::Place;

fn url() -> String {
    url_in("WINGMAN_REDIS_URL")
}

fn broker() -> Broker {
    // A group is part of its stream's key.
    Broker {
        url: url(),
        keeps_for_later_groups: true,
        left: keys_of,
        has_groups: |namespace| keys_of(namespace) > 0,
    }
}

/// The keys that the server has for a namespace, as its plain protocol tells.
fn keys_of(namespace: &str) -> usize {
    let url = url();
    let address = url.strip_prefix("redis://").unwrap().split('/').next().unwrap();
    let mut server = TcpStream::connect(address).unwrap();
    write!(server, "KEYS *{namespace}*\r\nQUIT\r\n").unwrap();
    let mut reply = String::new();
    server.read_to_string(&mut reply).unwrap();
    reply.matches(namespace).count()
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
fn wrong_credentials_end_it_and_are_not_shown() {
    let place = Place::new();
    let url = url().replace("redis://", "redis://user:secret@");
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
    unknown_key_is_named(&format!("{}?nope=1", url()), "nope", "connect_millis");
}

/// Nobody listens on port 1.
#[test]
fn a_broker_that_is_down_is_waited_for_and_named() {
    Broker::down_is_waited_for_and_named("redis://127.0.0.1:1");
}
