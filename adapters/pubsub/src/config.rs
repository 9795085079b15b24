//! What a connection needs to know, from code, a file or a URL.

mod url;

use std::time::Duration;

use serde::Deserialize;
use wingman_core::Result;
use wingman_core::driver::settings::wrong;

/// Which project is used, and how it is reached. Credentials are found as Google's libraries find
/// them (Application Default Credentials); an emulator needs none. Unknown keys are refused.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Config {
    /// The id of the project.
    pub project: String,
    /// `host:port` of an emulator, instead of Google's service. Default: the variable
    /// `PUBSUB_EMULATOR_HOST`, if it is set.
    pub emulator: Option<String>,
    /// How long a reply may take; receiving is not bound by it. Default: 10,000.
    pub reply_millis: u64,
    /// The largest payload that is sent. Default, and most: 9 MiB, so that a request with its
    /// attributes stays below the service's 10 MB.
    pub payload_bytes_max: usize,
    /// How long a delivery may be held: its lease is renewed until then. Default: 3,600.
    pub hold_seconds_max: u64,
}

/// A publish request has at most 10,000,000 bytes (Pub/Sub documentation, "Quotas and limits"); 100
/// attributes of 256 + 1,024 bytes have room beside it.
const PAYLOAD_BYTES_MAX: usize = 9 << 20;

impl Default for Config {
    fn default() -> Self {
        Self {
            project: String::new(),
            emulator: std::env::var("PUBSUB_EMULATOR_HOST").ok().filter(|host| !host.is_empty()),
            reply_millis: 10_000,
            payload_bytes_max: PAYLOAD_BYTES_MAX,
            hold_seconds_max: 3_600,
        }
    }
}

impl Config {
    /// Reads `pubsub://project[?key=value&…]`. The keys are `emulator`, `reply_millis`,
    /// `payload_bytes_max` and `hold_seconds_max`.
    ///
    /// # Errors
    /// [`Kind::Configuration`](wingman_core::Kind::Configuration) says which part is wrong; for an
    /// unknown key it names the known ones and the nearest.
    pub fn from_url(url: &str) -> Result<Self> {
        url::parse(url)
    }

    pub(crate) fn reply_time(&self) -> Duration {
        Duration::from_millis(self.reply_millis)
    }

    pub(crate) fn hold_time(&self) -> Duration {
        Duration::from_secs(self.hold_seconds_max)
    }

    /// Refuses what cannot work.
    pub(crate) fn check(&self) -> Result<()> {
        let fits = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '.' | ':');
        if self.project.is_empty() || !self.project.chars().all(fits) {
            let why = "the project's id is missing, or has other characters than a-z, 0-9 and -";
            return Err(wrong(why).with("project", &self.project));
        }
        if let Some(emulator) = &self.emulator
            && !is_address(emulator)
        {
            let why = "an emulator is host:port, such as 127.0.0.1:8085";
            return Err(wrong(why).with("emulator", emulator));
        }
        for (key, value) in
            [("reply_millis", self.reply_millis), ("hold_seconds_max", self.hold_seconds_max)]
        {
            if value == 0 {
                return Err(wrong("a time must be at least 1").with("key", key));
            }
        }
        if self.payload_bytes_max > PAYLOAD_BYTES_MAX {
            return Err(wrong("the service takes no more than 9 MiB with its attributes")
                .with("key", "payload_bytes_max")
                .with("value", self.payload_bytes_max));
        }
        Ok(())
    }
}

fn is_address(text: &str) -> bool {
    text.rsplit_once(':').is_some_and(|(host, port)| {
        !host.is_empty() && !host.contains(['/', '@', '?', '#']) && port.parse::<u16>().is_ok()
    })
}

#[cfg(test)]
mod tests {
    use wingman_core::Kind;

    use super::*;

    #[test]
    fn a_file_may_hold_it_and_unknown_keys_are_refused() {
        let read = serde_json::from_str::<Config>;
        let config = read(r#"{"project": "shop", "emulator": "127.0.0.1:8085"}"#).unwrap();
        assert_eq!((config.project.as_str(), config.reply_millis), ("shop", 10_000));
        let error = read(r#"{"projekt": "x"}"#).unwrap_err().to_string();
        assert!(error.contains("projekt") && error.contains("hold_seconds_max"), "{error}");
    }

    #[test]
    fn what_cannot_work_is_refused() {
        let base = || Config { project: "shop".to_owned(), ..Config::default() };
        assert!(base().check().is_ok());
        for (config, context) in [
            (Config { project: String::new(), ..base() }, ("project", "")),
            (Config { project: "a/b".to_owned(), ..base() }, ("project", "a/b")),
            (Config { emulator: Some("http://x".to_owned()), ..base() }, ("emulator", "http://x")),
            (Config { reply_millis: 0, ..base() }, ("key", "reply_millis")),
            (Config { payload_bytes_max: 10 << 20, ..base() }, ("key", "payload_bytes_max")),
        ] {
            let error = config.check().unwrap_err();
            assert_eq!(error.kind(), Kind::Configuration);
            assert_eq!(error.context(context.0), Some(context.1));
        }
    }
}
