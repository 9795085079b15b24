//! What a connection needs to know, from code, a file or a URL.

mod native;
mod url;

use std::path::PathBuf;
use std::time::Duration;

use serde::Deserialize;
pub use wingman_core::driver::settings::Secret;
use wingman_core::driver::settings::wrong;
use wingman_core::driver::tls::Files;
use wingman_core::{Error, Result};

pub(crate) use self::native::Role;

/// How to reach a Kafka cluster and how it is used. Unknown keys are refused; secrets are redacted
/// in `Debug`.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Config {
    /// `host:port` of some brokers, with commas between. Default: `127.0.0.1:9092`.
    pub servers: String,
    /// The SASL user; without one there is no SASL.
    pub username: Option<String>,
    /// Never shown.
    pub password: Option<Secret>,
    /// How the user is proven. Default: SCRAM-SHA-512.
    pub mechanism: Mechanism,
    /// Whether to speak TLS. Default: no.
    pub tls: bool,
    /// Certificates that are trusted, as PEM. Default: the system's.
    pub ca_file: Option<PathBuf>,
    /// Our own certificate and its key, as PEM, where the cluster asks for one.
    pub certificate_file: Option<PathBuf>,
    /// See [`Self::certificate_file`].
    pub key_file: Option<PathBuf>,
    /// How long a reply may take: also for a publish that no broker has answered yet, which has sent
    /// nothing and is `Unavailable` then. Default: 10,000.
    pub reply_millis: u64,
    /// How long a message that was given to the client may wait for its confirm, retries included: it is
    /// `Unknown` then. Default: 30,000.
    pub confirm_millis: u64,
    /// After how long without a sign of life a member of a group is dead. Default: 45,000.
    pub session_millis: u64,
    /// How often members give one, which is also how fast they learn of a new member.
    /// Default: 3,000; at most a third of the session.
    pub heartbeat_millis: u64,
    /// How long partitions that go to another member wait for what is being handled.
    /// Default: 3,000.
    pub revoke_millis: u64,
    /// Makes each subscriber a static member of its group under this name, so that a restart
    /// within the session moves no partitions. Different for each process.
    pub instance: Option<String>,
    /// Partitions of a topic that is created. Default: as the broker is set up.
    pub partitions: Option<u16>,
    /// Replicas of a topic that is created. Default: as the broker is set up.
    pub replicas: Option<u16>,
    /// How batches are compressed. Default: not.
    pub compression: Compression,
    /// The largest payload that is sent. Default: 1,000,000. A topic that is created takes it; one
    /// that exists may take less.
    pub payload_bytes_max: usize,
}

/// A SASL mechanism.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Deserialize)]
pub enum Mechanism {
    /// The password itself: only over TLS.
    #[serde(rename = "PLAIN")]
    Plain,
    /// Challenge and response.
    #[serde(rename = "SCRAM-SHA-256")]
    ScramSha256,
    /// Challenge and response.
    #[default]
    #[serde(rename = "SCRAM-SHA-512")]
    ScramSha512,
}

/// A compression codec.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Compression {
    /// Not at all.
    #[default]
    None,
    /// gzip.
    Gzip,
    /// Snappy.
    Snappy,
    /// LZ4.
    Lz4,
    /// Zstandard.
    Zstd,
}

/// `message.max.bytes` of a client is at most this (librdkafka, CONFIGURATION.md).
const CLIENT_BYTES_MAX: usize = 1_000_000_000;
/// What key and headers may take beside the largest payload: the broker's usual limit of a batch,
/// 1,048,588 bytes, leaves so much beside our usual payload.
const HEAD_BYTES_MAX: usize = 48_000;

impl Default for Config {
    fn default() -> Self {
        Self {
            servers: "127.0.0.1:9092".to_owned(),
            username: None,
            password: None,
            mechanism: Mechanism::default(),
            tls: false,
            ca_file: None,
            certificate_file: None,
            key_file: None,
            reply_millis: 10_000,
            confirm_millis: 30_000,
            session_millis: 45_000,
            heartbeat_millis: 3_000,
            revoke_millis: 3_000,
            instance: None,
            partitions: None,
            replicas: None,
            compression: Compression::default(),
            payload_bytes_max: 1_000_000,
        }
    }
}

impl Config {
    /// Reads `kafka://[user:password@]host[:port][,host[:port]…][?key=value&…]`. The keys are the
    /// fields of this struct from `mechanism` on.
    ///
    /// # Errors
    /// [`wingman_core::Kind::Configuration`] says which part is wrong; for an unknown key it names
    /// the known ones and the nearest. The URL itself is never repeated: it may hold a password.
    pub fn from_url(url: &str) -> Result<Self> {
        url::parse(url)
    }

    pub(crate) fn reply_time(&self) -> Duration {
        Duration::from_millis(self.reply_millis)
    }

    pub(crate) fn confirm_time(&self) -> Duration {
        Duration::from_millis(self.confirm_millis)
    }

    pub(crate) fn revoke_time(&self) -> Duration {
        Duration::from_millis(self.revoke_millis)
    }

    /// The largest message that topics of ours must take, key and headers included.
    pub(crate) fn message_bytes_max(&self) -> usize {
        self.payload_bytes_max + HEAD_BYTES_MAX
    }

    /// Refuses what cannot work.
    pub(crate) fn check(&self) -> Result<()> {
        if self.servers.split(',').any(|server| server.trim().is_empty()) {
            return Err(wrong("a host is missing: kafka://host:port").with("key", "servers"));
        }
        for (key, value) in [
            ("reply_millis", self.reply_millis),
            ("confirm_millis", self.confirm_millis),
            ("session_millis", self.session_millis),
            ("heartbeat_millis", self.heartbeat_millis),
        ] {
            if !(1..=MILLIS_MAX).contains(&value) {
                return Err(out_of_range(key, value));
            }
        }
        if self.heartbeat_millis > self.session_millis / 3 {
            return Err(out_of_range("heartbeat_millis", self.heartbeat_millis)
                .with("at most a third of session_millis", self.session_millis));
        }
        if self.revoke_millis > self.session_millis {
            return Err(out_of_range("revoke_millis", self.revoke_millis));
        }
        if self.payload_bytes_max > CLIENT_BYTES_MAX - HEAD_BYTES_MAX {
            return Err(wrong("the client takes no more than a gigabyte")
                .with("key", "payload_bytes_max")
                .with("value", self.payload_bytes_max));
        }
        for (key, value) in [("partitions", self.partitions), ("replicas", self.replicas)] {
            if value == Some(0) {
                return Err(out_of_range(key, 0));
            }
        }
        if self.username.is_some() != self.password.is_some() {
            return Err(wrong("user and password belong together: kafka://user:password@host"));
        }
        self.files().check(self.tls, "tls=true")
    }

    pub(crate) fn files(&self) -> Files<'_> {
        Files {
            ca_file: self.ca_file.as_deref(),
            certificate_file: self.certificate_file.as_deref(),
            key_file: self.key_file.as_deref(),
        }
    }
}

/// An hour: no time that the client takes is longer.
const MILLIS_MAX: u64 = 3_600_000;

fn out_of_range(key: &'static str, value: u64) -> Error {
    wrong("the number is out of range").with("key", key).with("value", value)
}

#[cfg(test)]
mod tests {
    use wingman_core::Kind;

    use super::*;

    #[test]
    fn a_file_may_hold_it_and_unknown_keys_are_refused() {
        let read = serde_json::from_str::<Config>;
        let text = r#"{"servers": "a:1,b:2", "password": "hunter2", "mechanism": "PLAIN"}"#;
        let config = read(text).unwrap();
        assert_eq!(config.servers, "a:1,b:2");
        assert_eq!(config.mechanism, Mechanism::Plain);
        let error = read(r#"{"sevrers": "x"}"#).unwrap_err().to_string();
        assert!(error.contains("sevrers") && error.contains("payload_bytes_max"), "{error}");
    }

    #[test]
    fn secrets_are_not_shown() {
        let config = Config::from_url("kafka://me:hunter2@localhost").unwrap();
        assert!(!format!("{config:?}").contains("hunter2"));
    }

    #[test]
    fn what_cannot_work_is_refused() {
        let base = Config::default;
        for (config, key) in [
            (Config { servers: "a:1,,b:2".to_owned(), ..base() }, "servers"),
            (Config { reply_millis: 0, ..base() }, "reply_millis"),
            (Config { heartbeat_millis: 40_000, ..base() }, "heartbeat_millis"),
            (Config { revoke_millis: 50_000, ..base() }, "revoke_millis"),
            (Config { payload_bytes_max: 1 << 30, ..base() }, "payload_bytes_max"),
            (Config { partitions: Some(0), ..base() }, "partitions"),
        ] {
            let error = config.check().unwrap_err();
            assert_eq!(error.kind(), Kind::Configuration);
            assert_eq!(error.context("key"), Some(key));
        }
        let user = Config { username: Some("me".to_owned()), ..base() };
        assert!(user.check().unwrap_err().to_string().contains("password"));
        let key = Config { key_file: Some("key.pem".into()), ..base() };
        assert!(key.check().unwrap_err().to_string().contains("certificate_file"));
        let plain = Config { ca_file: Some("ca.pem".into()), ..base() };
        assert_eq!(plain.check().unwrap_err().context("key"), Some("ca_file"));
    }
}
