//! Redis by its plain client, so that no adapter of ours judges itself.

use std::collections::BTreeMap;

use redis::{Commands as _, Connection, RedisResult};
use wingman_core::event::CloudEvent;

/// Fields and values of a stream's entry, and its id.
type Entry = (String, BTreeMap<String, String>);

#[derive(Debug)]
pub(super) struct Broker {
    pub(super) url: String,
}

impl Broker {
    /// The Redis that the environment selects.
    ///
    /// # Panics
    /// If none is selected.
    pub(super) fn selected() -> Self {
        let url = std::env::var("WINGMAN_REDIS_URL").expect(
            "these tests kill processes that work on Redis: run `integration-tests/brokers.sh up \
             redis`, then set WINGMAN_REDIS_URL to what `integration-tests/brokers.sh urls` prints",
        );
        Self { url }
    }

    /// Adds an event as a foreign program would, which knows nothing of governors.
    pub(super) fn add(&self, namespace: &str, event: &CloudEvent) {
        let stream = format!("{namespace}.{}", event.ty());
        let mut command = redis::cmd("XADD");
        command.arg(stream).arg("*");
        if let Some(key) = event.partition_key() {
            command.arg("key").arg(key);
        }
        for (name, value) in event.attributes() {
            let field = match name {
                "datacontenttype" => "content-type".to_owned(),
                name => format!("ce_{name}"),
            };
            command.arg(field).arg(value);
        }
        command.arg("data").arg(event.data.as_deref().unwrap_or_default());
        command.exec(&mut self.connect()).expect("the broker takes an event");
    }

    /// Source and id of every event in the streams of a namespace.
    pub(super) fn events(&self, namespace: &str) -> Vec<(String, String)> {
        let mut connection = self.connect();
        let mut events = Vec::new();
        for stream in keys(&mut connection, &format!("{namespace}.*")) {
            let entries: RedisResult<Vec<Entry>> =
                redis::cmd("XRANGE").arg(&stream).arg("-").arg("+").query(&mut connection);
            for (_, mut fields) in entries.expect("a topic is a stream") {
                let mut field = |name: &str| fields.remove(name).unwrap_or_default();
                events.push((field("ce_source"), field("ce_id")));
            }
        }
        events
    }

    /// Removes everything of a namespace.
    pub(super) fn forget(&self, namespace: &str) {
        let mut connection = self.connect();
        for key in keys(&mut connection, &format!("*{namespace}.*")) {
            connection.del::<_, ()>(key).expect("a key can be deleted");
        }
    }

    fn connect(&self) -> Connection {
        let client = redis::Client::open(&*self.url).expect("WINGMAN_REDIS_URL is a URL of Redis");
        client.get_connection().expect("the broker of WINGMAN_REDIS_URL answers")
    }
}

fn keys(connection: &mut Connection, pattern: &str) -> Vec<String> {
    let found = connection.scan_match::<_, String>(pattern).expect("the broker lists its keys");
    found.map(|key| key.expect("a key is text")).collect()
}
