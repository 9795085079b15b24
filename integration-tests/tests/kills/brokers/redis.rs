//! Redis: a topic is a stream.

use std::collections::BTreeMap;

use redis::{Commands as _, Connection, RedisResult};
use wingman_core::event::CloudEvent;

use super::{Broker, Sent, headers};

/// Fields and values of a stream's entry, and its id.
type Entry = (String, BTreeMap<String, String>);

#[derive(Debug)]
pub(super) struct Redis {
    pub(super) url: String,
}

impl Broker for Redis {
    fn name(&self) -> &'static str {
        "redis"
    }

    fn url(&self) -> &str {
        &self.url
    }

    fn url_refused(&self) -> String {
        self.url.replacen("redis://", "redis://nobody:hunter2@", 1)
    }

    fn add(&self, namespace: &str, events: &[CloudEvent]) {
        let mut connection = self.connect();
        for event in events {
            let mut command = redis::cmd("XADD");
            command.arg(format!("{namespace}.{}", event.ty())).arg("*");
            if let Some(key) = event.partition_key() {
                command.arg("key").arg(key);
            }
            for (name, value) in headers(event) {
                command.arg(name).arg(value);
            }
            command.arg("data").arg(event.data.as_deref().unwrap_or_default());
            command.exec(&mut connection).expect("the broker takes an event");
        }
    }

    fn events(&self, namespace: &str) -> Vec<Sent> {
        let mut connection = self.connect();
        let mut events = Vec::new();
        for stream in keys(&mut connection, &format!("{namespace}.*")) {
            let entries: RedisResult<Vec<Entry>> =
                redis::cmd("XRANGE").arg(&stream).arg("-").arg("+").query(&mut connection);
            for (_, mut fields) in entries.expect("a topic is a stream") {
                let mut field = |name: &str| fields.remove(name).unwrap_or_default();
                let (source, id, data) = (field("ce_source"), field("ce_id"), field("data"));
                events.push(Sent { source, id, data });
            }
        }
        events
    }

    fn forget(&self, namespace: &str) {
        let mut connection = self.connect();
        for key in keys(&mut connection, &format!("*{namespace}.*")) {
            connection.del::<_, ()>(key).expect("a key can be deleted");
        }
    }
}

impl Redis {
    fn connect(&self) -> Connection {
        let client = redis::Client::open(&*self.url).expect("WINGMAN_REDIS_URL is a URL of Redis");
        client.get_connection().expect("the broker of WINGMAN_REDIS_URL answers")
    }
}

fn keys(connection: &mut Connection, pattern: &str) -> Vec<String> {
    let found = connection.scan_match::<_, String>(pattern).expect("the broker lists its keys");
    found.map(|key| key.expect("a key is text")).collect()
}
