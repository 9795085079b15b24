//! What a connection needs to know, from code, a file or a URL.

mod url;

use std::path::PathBuf;
use std::time::Duration;

use serde::Deserialize;
use wingman_core::{Error, Kind, Result};

pub use wingman_core::driver::settings::Secret;
use wingman_core::driver::settings::wrong;
use wingman_core::driver::tls::Files;

/// How to reach a Redis server and how it is used. Unknown keys are refused; secrets are redacted
/// in `Debug`.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Config {
    /// The server's name or address. Default: `127.0.0.1`.
    pub host: String,
    /// Default: 6379.
    pub port: u16,
    /// The database's number. Default: 0.
    pub database: u32,
    /// The ACL user; without one the password is the default user's.
    pub username: Option<String>,
    /// Never shown.
    pub password: Option<Secret>,
    /// Whether to speak TLS (`rediss://`), which needs the feature `tls`. Default: no.
    pub tls: bool,
    /// Certificates that are trusted, as PEM. Default: the system's.
    pub ca_file: Option<PathBuf>,
    /// Our own certificate and its key, as PEM, where the server asks for one.
    pub certificate_file: Option<PathBuf>,
    /// See [`Self::certificate_file`].
    pub key_file: Option<PathBuf>,
    /// How long opening a connection may take. Default: 5,000.
    pub connect_millis: u64,
    /// How long a reply may take; blocking reads are not bound by it. Default: 10,000.
    pub reply_millis: u64,
    /// The largest payload that is sent. Default: 16 MiB; at most 512 MiB, the server's own limit.
    pub payload_bytes_max: usize,
}

/// `proto-max-bulk-len`, unless the server is told otherwise (Redis documentation, "redis.conf").
const SERVER_BYTES_MAX: usize = 512 << 20;

impl Default for Config {
    fn default() -> Self {
        Self {
            host: "127.0.0.1".to_owned(),
            port: 6379,
            database: 0,
            username: None,
            password: None,
            tls: false,
            ca_file: None,
            certificate_file: None,
            key_file: None,
            connect_millis: 5_000,
            reply_millis: 10_000,
            payload_bytes_max: 16 << 20,
        }
    }
}

impl Config {
    /// Reads `redis://[user:password@]host[:port][/database][?key=value&…]`, or `rediss://` for TLS.
    /// The keys are the fields of this struct from `ca_file` on.
    ///
    /// # Errors
    /// [`Kind::Configuration`] says which part is wrong; for an unknown key it names the known ones
    /// and the nearest. The URL itself is never repeated: it may hold a password.
    pub fn from_url(url: &str) -> Result<Self> {
        url::parse(url)
    }

    pub(crate) fn connect_time(&self) -> Duration {
        Duration::from_millis(self.connect_millis)
    }

    pub(crate) fn reply_time(&self) -> Duration {
        Duration::from_millis(self.reply_millis)
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
            return Err(wrong("the host is missing: redis://host:port").with("key", "host"));
        }
        for (key, value) in
            [("connect_millis", self.connect_millis), ("reply_millis", self.reply_millis)]
        {
            if value == 0 {
                return Err(wrong("a time must be at least 1 millisecond").with("key", key));
            }
        }
        if self.payload_bytes_max > SERVER_BYTES_MAX {
            return Err(wrong("the server takes no more than 512 MiB")
                .with("key", "payload_bytes_max")
                .with("value", self.payload_bytes_max));
        }
        if self.username.is_some() && self.password.is_none() {
            return Err(wrong("a user without a password: redis://user:password@host"));
        }
        if self.tls && cfg!(not(feature = "tls")) {
            return Err(Error::new(
                Kind::Unsupported,
                "this build has no TLS for Redis: build with `--features redis-tls`",
            ));
        }
        self.files().check(self.tls, "rediss://")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_may_hold_it_and_unknown_keys_are_refused() {
        let read = serde_json::from_str::<Config>;
        let config = read(r#"{"host": "redis.local", "password": "hunter2"}"#).unwrap();
        assert_eq!(config.host, "redis.local");
        assert_eq!(config.port, 6379);
        let error = read(r#"{"hots": "x"}"#).unwrap_err().to_string();
        assert!(error.contains("hots") && error.contains("payload_bytes_max"), "{error}");
    }

    #[test]
    fn secrets_are_not_shown() {
        let config = Config::from_url("redis://me:hunter2@localhost").unwrap();
        assert!(!format!("{config:?}").contains("hunter2"));
    }

    #[test]
    fn what_cannot_work_is_refused() {
        let checked = |config: Config| config.check().unwrap_err();
        let base = Config::default;
        for (config, key) in [
            (Config { host: String::new(), ..base() }, "host"),
            (Config { reply_millis: 0, ..base() }, "reply_millis"),
            (Config { payload_bytes_max: 1 << 30, ..base() }, "payload_bytes_max"),
        ] {
            let error = checked(config);
            assert_eq!(error.kind(), Kind::Configuration);
            assert_eq!(error.context("key"), Some(key));
        }
        let user = Config { username: Some("me".to_owned()), ..base() };
        assert!(checked(user).to_string().contains("password"));
        #[cfg(not(feature = "tls"))]
        assert_eq!(checked(Config { tls: true, ..base() }).kind(), Kind::Unsupported);
    }
}
