//! Events of any language: the official CloudEvents SDK of Python and each broker's own client send to
//! `wingman consume` and read from `wingman publish`. Tests are named `broker::direction::event`.
//!
//! The events, the clients and the comparison are in `integration-tests/python`: what came is judged by
//! the SDK's own reading of it. A broker, interpreter or client that is missing fails.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on panics")]

mod direction;
#[allow(dead_code, reason = "the tests of the command use the rest")]
#[path = "../command/process.rs"]
mod process;
mod program;

use std::sync::Arc;

use libtest_mimic::{Arguments, Trial};

use self::direction::{Direction, Route};

/// Each broker, and the modes in which others may send to it. What Wingman publishes in binary mode is
/// structured on SNS, which has too few attributes.
const BROKERS: &[(&str, &[&str])] = &[
    ("kafka", &["binary", "structured"]),
    ("pubsub", &["binary", "structured"]),
    ("rabbitmq", &["binary", "knative", "structured"]),
    ("redis", &["binary", "structured"]),
    ("sns-sqs", &["structured"]),
];

fn main() {
    let arguments = Arguments::from_args();
    let trials = match program::run(&["cases"], "") {
        Ok(events) => trials(&events),
        Err(why) => vec![Trial::test("python::is_there", || Err(why.into()))],
    };
    libtest_mimic::run(&arguments, trials).exit();
}

fn trials(events: &str) -> Vec<Trial> {
    let mut trials = Vec::new();
    for (broker, modes) in BROKERS {
        let sent = modes.iter().map(|mode| Direction::ToWingman { mode });
        let read = ["binary", "structured"].map(|mode| Direction::FromWingman { mode });
        for direction in sent.chain(read) {
            let name = format!("{broker}::{direction}");
            // The first test that asks makes the way; the others read what came.
            let route = Arc::new(Route::new(broker, direction));
            trials.extend(events.lines().map(|event| {
                let (route, event) = (Arc::clone(&route), event.to_owned());
                Trial::test(format!("{name}::{event}"), move || Ok(route.judge(&event)?))
            }));
        }
    }
    trials
}
