//! The brokers that a run selects, each by its plain client, so that no adapter of ours judges itself.
//!
//! To add one: a file here with its [`Broker`], and a line in `KNOWN`. It is started, restarted and
//! ended by `brokers.sh`, alike for all.

mod kafka;
mod own;
mod redis;

use std::fmt::Debug;
use std::sync::Arc;

use wingman_core::event::CloudEvent;

use self::kafka::Kafka;
pub(super) use self::own::Own;
use self::redis::Redis;

/// An event as it is on a broker.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Sent {
    pub(super) source: String,
    pub(super) id: String,
    pub(super) data: String,
}

impl Sent {
    /// What a broker is to have of an event.
    pub(super) fn of(event: &CloudEvent) -> Self {
        Self {
            source: event.source().to_owned(),
            id: event.id().to_owned(),
            data: String::from_utf8_lossy(event.data.as_deref().unwrap_or_default()).into_owned(),
        }
    }
}

/// What the tests ask of a broker.
pub(super) trait Broker: Debug + Send + Sync {
    /// As `brokers.sh` calls it.
    fn name(&self) -> &'static str;

    /// Where workers find it.
    fn url(&self) -> &str;

    /// The same, with a name and the password `hunter2`, which it does not know.
    fn url_refused(&self) -> String;

    /// The same, for who does not wait long for an answer: a start without the broker waits for one
    /// when it connects, and for one with each handler.
    fn url_impatient(&self) -> String {
        self.url().to_owned()
    }

    /// The same, for who gives work away that it has not ended: a group that changes hardly waits for it.
    fn url_hasty(&self) -> String {
        self.url().to_owned()
    }

    /// Adds events as a foreign program would, which knows nothing of governors.
    fn add(&self, namespace: &str, events: &[CloudEvent]);

    /// Every event in the topics of a namespace.
    fn events(&self, namespace: &str) -> Vec<Sent>;

    /// Removes everything of a namespace.
    fn forget(&self, namespace: &str);
}

type Open = fn(String) -> Arc<dyn Broker>;

/// The brokers, with the variable that selects each.
const KNOWN: [(&str, &str, Open); 2] = [
    ("kafka", "WINGMAN_KAFKA_URL", |url| Arc::new(Kafka { url })),
    ("redis", "WINGMAN_REDIS_URL", |url| Arc::new(Redis { url })),
];

/// The brokers that the environment selects.
pub(super) fn selected() -> Vec<Arc<dyn Broker>> {
    let open = |(_, variable, open): &(_, &str, Open)| std::env::var(variable).ok().map(open);
    KNOWN.iter().filter_map(open).collect()
}

/// A broker of this name elsewhere.
fn at(name: &str, url: String) -> Arc<dyn Broker> {
    let known = KNOWN.iter().find(|(it, ..)| *it == name);
    let (_, _, open) = known.expect("a broker is opened by its own name");
    open(url)
}

/// The attributes of an event as the binary mode of CloudEvents names them.
fn headers(event: &CloudEvent) -> Vec<(String, String)> {
    let header = |(name, value): (&str, &str)| match name {
        "datacontenttype" => ("content-type".to_owned(), value.to_owned()),
        name => (format!("ce_{name}"), value.to_owned()),
    };
    event.attributes().map(|(name, value)| header((name, value.as_ref()))).collect()
}
