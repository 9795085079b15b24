//! One way of all events over one broker, and what was found wrong with each.

use std::collections::HashMap;
use std::fmt;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::OnceLock;
use std::time::UNIX_EPOCH;

use serde_json::Value;

use crate::process::Place;
use crate::program::{self, Program};

/// Who sends to whom.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Direction {
    ToWingman { mode: &'static str },
    FromWingman { mode: &'static str },
}

impl fmt::Display for Direction {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::ToWingman { mode } => write!(f, "to_wingman_{mode}"),
            Self::FromWingman { mode } => write!(f, "from_wingman_{mode}"),
        }
    }
}

/// What was found wrong, by event.
type Faults = HashMap<String, Vec<String>>;

/// A way that is gone once, whoever asks first.
pub(crate) struct Route {
    broker: &'static str,
    direction: Direction,
    faults: OnceLock<Result<Faults, String>>,
}

impl Route {
    pub(crate) fn new(broker: &'static str, direction: Direction) -> Self {
        Self { broker, direction, faults: OnceLock::new() }
    }

    /// Fails with what was wrong with this event.
    pub(crate) fn judge(&self, event: &str) -> Result<(), String> {
        // Whatever happens, once is enough.
        let go = || catch_unwind(AssertUnwindSafe(|| self.go()));
        let gone =
            || go().unwrap_or_else(|_| Err("the way ended in a panic: see above".to_owned()));
        let faults = self.faults.get_or_init(gone).as_ref().map_err(String::clone)?;
        match faults.get(event) {
            Some(faults) if faults.is_empty() => Ok(()),
            Some(faults) => Err(faults.join("\n")),
            None => Err("the Python program did not judge it".to_owned()),
        }
    }

    fn go(&self) -> Result<Faults, String> {
        let now = UNIX_EPOCH.elapsed().unwrap().as_nanos();
        let way = Way {
            url: url(self.broker)?,
            topic: format!("python-{}-{now}-{}", std::process::id(), self.broker),
            place: Place::new(),
            broker: self.broker,
        };
        let verdicts = match self.direction {
            Direction::ToWingman { mode } => way.wingman_consumes(mode),
            Direction::FromWingman { mode } => way.wingman_publishes(mode),
        }?;
        verdicts.lines().map(verdict).collect()
    }
}

/// A topic of its own on a broker.
struct Way {
    broker: &'static str,
    url: String,
    topic: String,
    place: Place,
}

impl Way {
    fn wingman_consumes(&self, mode: &str) -> Result<String, String> {
        // Joined first: not every broker keeps what nobody reads yet.
        self.consume(&["--wait", "0"]);
        program::run(&["send", self.broker, mode, &self.url, &self.topic], "")?;
        let printed =
            self.consume(&["--max", &table()?.lines().count().to_string(), "--wait", "20"]);
        program::run(&["judge"], &printed)
    }

    fn wingman_publishes(&self, mode: &str) -> Result<String, String> {
        self.consume(&["--wait", "0"]);
        let mut reader = Program::start(&["listen", self.broker, mode, &self.url, &self.topic])?;
        reader.wait_for("ready")?;
        std::fs::write(self.place.path("events.ndjson"), table()?).unwrap();
        let file = ["publish", "--topic", &self.topic, "--file", "events.ndjson"];
        let mode: &[&str] = if mode == "structured" { &["--structured"] } else { &[] };
        self.place.run(&[&file[..], &["--broker", &self.url], mode].concat()).done();
        reader.end()
    }

    /// What `wingman consume` prints; it makes the topic.
    fn consume(&self, more: &[&str]) -> String {
        let command = ["consume", "--broker", &self.url, "--topic", &self.topic, "--group", "g"];
        self.place.run(&[&command[..], more].concat()).done().out
    }
}

/// The events as the SDK writes them.
fn table() -> Result<String, String> {
    program::run(&["table"], "")
}

fn url(broker: &str) -> Result<String, String> {
    let variable = format!("WINGMAN_{}_URL", broker.to_uppercase().replace('-', "_"));
    std::env::var(&variable).map_err(|_| {
        format!(
            "{variable} is not set: `integration-tests/brokers.sh up` starts the brokers and \
             `integration-tests/brokers.sh urls` prints their URLs"
        )
    })
}

fn verdict(line: &str) -> Result<(String, Vec<String>), String> {
    let read = || {
        let verdict: Value = serde_json::from_str(line).ok()?;
        let faults = verdict["faults"].as_array()?.iter();
        let faults =
            faults.map(|fault| fault.as_str().map(str::to_owned)).collect::<Option<_>>()?;
        Some((verdict["case"].as_str()?.to_owned(), faults))
    };
    read().ok_or_else(|| format!("no verdict of the Python program: {line:?}"))
}
