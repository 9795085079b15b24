//! What a connection needs to know, from code, a file or a URL.

mod url;

use std::path::PathBuf;
use std::time::Duration;

use lapin::uri::{AMQPAuthority, AMQPQueryString, AMQPScheme, AMQPUri, AMQPUserInfo};
use serde::Deserialize;
use wingman_core::{Error, Kind, Result};

pub use wingman_core::driver::settings::Secret;
use wingman_core::driver::settings::wrong;
use wingman_core::driver::tls::Files;

/// How to reach a RabbitMQ server and how it is used. Unknown keys are refused; secrets are redacted
/// in `Debug`.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Config {
    /// The server's name or address. Default: `127.0.0.1`.
    pub host: String,
    /// Default: 5672, and 5671 for TLS.
    pub port: Option<u16>,
    /// The virtual host. Default: `/`.
    pub vhost: String,
    /// Default: `guest`, which the server lets in from its own machine only.
    pub username: String,
    /// Never shown. Default: `guest`.
    pub password: Secret,
    /// Whether to speak TLS (`amqps://`), which needs the feature `tls`. Default: no.
    pub tls: bool,
    /// Certificates that are trusted, as PEM. Default: the system's.
    pub ca_file: Option<PathBuf>,
    /// Our own certificate and its key, as PEM, where the server asks for one.
    pub certificate_file: Option<PathBuf>,
    /// See [`Self::certificate_file`].
    pub key_file: Option<PathBuf>,
    /// How long opening a connection may take. Default: 5,000.
    pub connect_millis: u64,
    /// How long an answer may take. Default: 10,000.
    pub reply_millis: u64,
    /// How long messages that are sent together may wait for their confirms. Default: 30,000.
    pub confirm_millis: u64,
    /// How often both sides give a sign of life; after two that are missing the connection is
    /// lost. Default: 10.
    pub heartbeat_seconds: u16,
    /// Messages that a subscriber may have and not have settled. Default: 256.
    pub prefetch: u16,
    /// How long a delivery may be held unsettled: below the server's `consumer_timeout`.
    /// Default: 1,500,000, which is 25 of the usual 30 minutes.
    pub hold_millis: u64,
    /// How queues that we did not make keep the order. Default: `auto`.
    pub order: Order,
    /// The largest payload that is sent. Default: 16 MiB, the usual `max_message_size` since 4.0;
    /// at most 512 MiB, the largest there is.
    pub payload_bytes_max: usize,
}

/// How a queue that was found, and was not made by us, gives ordered subscribers its messages.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Order {
    /// To one subscriber, which consumes it exclusively; a second one is refused.
    #[default]
    Auto,
    /// It has `x-single-active-consumer`: subscribers stand by.
    SingleActiveConsumer,
}

/// `max_message_size` can be no more (RabbitMQ documentation, "Configuration").
const SERVER_BYTES_MAX: usize = 512 << 20;

impl Default for Config {
    fn default() -> Self {
        Self {
            host: "127.0.0.1".to_owned(),
            port: None,
            vhost: "/".to_owned(),
            username: "guest".to_owned(),
            password: Secret::new("guest"),
            tls: false,
            ca_file: None,
            certificate_file: None,
            key_file: None,
            connect_millis: 5_000,
            reply_millis: 10_000,
            confirm_millis: 30_000,
            heartbeat_seconds: 10,
            prefetch: 256,
            hold_millis: 1_500_000,
            order: Order::default(),
            payload_bytes_max: 16 << 20,
        }
    }
}

impl Config {
    /// Reads `amqp://[user:password@]host[:port][/vhost][?key=value&…]`, or `amqps://` for TLS. The keys
    /// are the fields of this struct from `ca_file` on.
    ///
    /// # Errors
    /// [`wingman_core::Kind::Configuration`] says which part is wrong; for an unknown key it names
    /// the known ones and the nearest. The URL itself is never repeated: it may hold a password.
    pub fn from_url(url: &str) -> Result<Self> {
        url::parse(url)
    }

    pub(crate) fn connect_time(&self) -> Duration {
        Duration::from_millis(self.connect_millis)
    }

    pub(crate) fn reply_time(&self) -> Duration {
        Duration::from_millis(self.reply_millis)
    }

    pub(crate) fn confirm_time(&self) -> Duration {
        Duration::from_millis(self.confirm_millis)
    }

    pub(crate) fn hold_time(&self) -> Duration {
        Duration::from_millis(self.hold_millis)
    }

    /// What the client is told.
    pub(crate) fn native(&self) -> AMQPUri {
        AMQPUri {
            scheme: if self.tls { AMQPScheme::AMQPS } else { AMQPScheme::AMQP },
            authority: AMQPAuthority {
                userinfo: AMQPUserInfo {
                    username: self.username.clone(),
                    password: self.password.expose().to_owned(),
                },
                host: self.host.clone(),
                port: self.port.unwrap_or(if self.tls { 5671 } else { 5672 }),
            },
            vhost: self.vhost.clone(),
            query: AMQPQueryString {
                heartbeat: Some(self.heartbeat_seconds),
                ..AMQPQueryString::default()
            },
        }
    }

    pub(crate) fn files(&self) -> Files<'_> {
        Files {
            ca_file: self.ca_file.as_deref(),
            certificate_file: self.certificate_file.as_deref(),
            key_file: self.key_file.as_deref(),
        }
    }

    /// Refuses what cannot work.
    pub(crate) fn check(&self) -> Result<()> {
        if self.host.is_empty() {
            return Err(wrong("the host is missing: amqp://host:port").with("key", "host"));
        }
        for (key, value) in [
            ("connect_millis", self.connect_millis),
            ("reply_millis", self.reply_millis),
            ("confirm_millis", self.confirm_millis),
            ("heartbeat_seconds", self.heartbeat_seconds.into()),
            ("prefetch", self.prefetch.into()),
            ("hold_millis", self.hold_millis),
        ] {
            if value == 0 {
                return Err(out_of_range(key, value));
            }
        }
        if self.payload_bytes_max > SERVER_BYTES_MAX {
            return Err(wrong("the server takes no more than 512 MiB")
                .with("key", "payload_bytes_max")
                .with("value", self.payload_bytes_max));
        }
        // A short string of the protocol, at which the client would panic.
        if self.vhost.len() > SHORT_BYTES_MAX {
            return Err(out_of_range("vhost", self.vhost.len() as u64));
        }
        if self.tls && cfg!(not(feature = "tls")) {
            return Err(Error::new(
                Kind::Unsupported,
                "this build has no TLS for RabbitMQ: build with `--features rabbitmq-tls`",
            ));
        }
        self.files().check(self.tls, "amqps://")
    }
}

/// The longest name of a virtual host, queue, exchange, header or routing key.
pub(crate) const SHORT_BYTES_MAX: usize = 255;

fn out_of_range(key: &'static str, value: u64) -> Error {
    wrong("the number is out of range").with("key", key).with("value", value)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_may_hold_it_and_unknown_keys_are_refused() {
        let read = serde_json::from_str::<Config>;
        let text = r#"{"host": "mq", "password": "hunter2", "order": "single-active-consumer"}"#;
        let config = read(text).unwrap();
        assert_eq!((&*config.host, config.native().authority.port), ("mq", 5672));
        assert_eq!(config.order, Order::SingleActiveConsumer);
        let config = read(r#"{"host": "mq", "tls": true}"#).unwrap();
        assert_eq!(config.native().authority.port, 5671);
        let error = read(r#"{"hots": "x"}"#).unwrap_err().to_string();
        assert!(error.contains("hots") && error.contains("payload_bytes_max"), "{error}");
    }

    #[test]
    fn secrets_are_not_shown() {
        let config = Config::from_url("amqp://me:hunter2@localhost").unwrap();
        assert!(!format!("{config:?}").contains("hunter2"));
    }

    #[test]
    fn what_cannot_work_is_refused() {
        let base = Config::default;
        for (config, key) in [
            (Config { host: String::new(), ..base() }, "host"),
            (Config { reply_millis: 0, ..base() }, "reply_millis"),
            (Config { prefetch: 0, ..base() }, "prefetch"),
            (Config { vhost: "v".repeat(256), ..base() }, "vhost"),
            (Config { payload_bytes_max: 1 << 30, ..base() }, "payload_bytes_max"),
        ] {
            let error = config.check().unwrap_err();
            assert_eq!(error.kind(), Kind::Configuration);
            assert_eq!(error.context("key"), Some(key));
        }
    }
}
