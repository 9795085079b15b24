//! The `wingman` command on a real Redis, whose URL stands in `WINGMAN_REDIS_URL`.

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

use std::io::{Read, Write};
use std::net::TcpStream;

use on_broker::{Broker, url_in};
use process::Place;

on_broker::on_broker_tests!(broker);

fn url() -> String {
    url_in("WINGMAN_REDIS_URL")
}

fn broker() -> Broker {
    // A group is part of its stream's key.
    Broker {
        url: url(),
        known_key: "connect_millis",
        product: "Redis",
        down: "redis://127.0.0.1:1",
        own_names: |topic, group| (topic.to_owned(), group.to_owned()),
        left: keys_of,
        has_groups: |namespace| keys_of(namespace) > 0,
    }
}

/// The keys that the server has for a namespace, as its plain protocol tells.
fn keys_of(namespace: &str) -> usize {
    ask(&format!("KEYS *{namespace}*")).matches(namespace).count()
}

/// Asks the server in its plain protocol.
fn ask(command: &str) -> String {
    let mut server = TcpStream::connect(address()).unwrap();
    write!(server, "{command}\r\nQUIT\r\n").unwrap();
    let mut reply = String::new();
    server.read_to_string(&mut reply).unwrap();
    reply
}

/// Where the server is.
fn address() -> String {
    url().strip_prefix("redis://").unwrap().split('/').next().unwrap().to_owned()
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
