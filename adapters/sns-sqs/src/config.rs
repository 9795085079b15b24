//! What a connection needs to know, from code, a file or a URL.

mod url;

use std::time::Duration;

use serde::Deserialize;
use wingman_core::Result;

pub use wingman_core::driver::settings::Secret;
use wingman_core::driver::settings::wrong;

/// How to reach SNS and SQS and how they are used. Unknown keys are refused; secrets are redacted in
/// `Debug`. What is left out of region and credentials comes from where every AWS SDK takes it:
/// environment, shared files, container or instance.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Config {
    /// The region, such as `eu-central-1`.
    pub region: Option<String>,
    /// Where both services answer, for an emulator or a private endpoint. Default: AWS.
    pub endpoint: Option<String>,
    /// The twelve digits of the account that topics and queues are in. Default: that of the
    /// credentials, which is asked for once.
    pub account: Option<String>,
    /// The profile in the shared files of the SDKs.
    pub profile: Option<String>,
    /// An access key of its own, for emulators; it goes with `secret_key`.
    pub access_key: Option<String>,
    /// Never shown.
    pub secret_key: Option<Secret>,
    /// Never shown. Of temporary credentials.
    pub session_token: Option<Secret>,
    /// Whether topics and queues are FIFO, which is what keeps the order of keys. Default: yes.
    pub fifo: bool,
    /// Whether subscriptions deliver raw, where nobody may look (`provision: never`). Default: yes.
    pub raw: bool,
    /// How long opening a connection may take. Default: 5,000.
    pub connect_millis: u64,
    /// How long a reply may take; receiving waits as much longer as it polls. Default: 10,000.
    pub reply_millis: u64,
    /// The largest payload that is sent. Default: 180 KiB, and no more than 190 KiB.
    pub payload_bytes_max: usize,
}

/// What SNS takes of one message and of one batch: body, and names, types and values of attributes.
pub(crate) const MESSAGE_BYTES_MAX: usize = 256 << 10;
/// As base64, and with what stands beside it, this still fits into a message.
const PAYLOAD_BYTES_MAX: usize = 190 << 10;

impl Default for Config {
    fn default() -> Self {
        Self {
            region: None,
            endpoint: None,
            account: None,
            profile: None,
            access_key: None,
            secret_key: None,
            session_token: None,
            fifo: true,
            raw: true,
            connect_millis: 5_000,
            reply_millis: 10_000,
            payload_bytes_max: 180 << 10,
        }
    }
}

impl Config {
    /// Reads `sns-sqs://[region][?key=value&…]`; the keys are the other fields.
    ///
    /// # Errors
    /// [`Kind::Configuration`](wingman_core::Kind::Configuration) says which part is wrong; for an
    /// unknown key it names the known ones and the nearest. The URL itself is never repeated: it may
    /// hold a secret.
    pub fn from_url(url: &str) -> Result<Self> {
        url::parse(url)
    }

    pub(crate) fn connect_time(&self) -> Duration {
        Duration::from_millis(self.connect_millis)
    }

    pub(crate) fn reply_time(&self) -> Duration {
        Duration::from_millis(self.reply_millis)
    }

    /// Refuses what cannot work.
    pub(crate) fn check(&self) -> Result<()> {
        let is_region = |text: &str| {
            text.contains('-') && text.bytes().all(|it| it.is_ascii_alphanumeric() || it == b'-')
        };
        if self.region.as_deref().is_some_and(|region| !is_region(region)) {
            let why = "this is no region: sns-sqs://eu-central-1, and a server as ?endpoint=http://host:port";
            return Err(wrong(why).with("key", "region"));
        }
        if let Some(endpoint) = &self.endpoint {
            url::check_endpoint(endpoint)?;
        }
        let is_account =
            |text: &String| text.len() == 12 && text.bytes().all(|it| it.is_ascii_digit());
        if self.account.as_ref().is_some_and(|account| !is_account(account)) {
            return Err(wrong("an account has twelve digits").with("key", "account"));
        }
        if self.access_key.is_some() != self.secret_key.is_some() {
            return Err(wrong("access_key and secret_key go together").with("key", "access_key"));
        }
        if self.session_token.is_some() && self.access_key.is_none() {
            let why = "a session token belongs to access_key and secret_key";
            return Err(wrong(why).with("key", "session_token"));
        }
        if self.access_key.is_some() && self.profile.is_some() {
            let why = "credentials come from a profile or from access_key, not from both";
            return Err(wrong(why).with("key", "profile"));
        }
        for (key, value) in
            [("connect_millis", self.connect_millis), ("reply_millis", self.reply_millis)]
        {
            if value == 0 {
                return Err(wrong("a time must be at least 1 millisecond").with("key", key));
            }
        }
        if self.payload_bytes_max > PAYLOAD_BYTES_MAX {
            return Err(wrong("a message of SNS has 256 KiB, which hold 190 KiB as base64")
                .with("key", "payload_bytes_max")
                .with("value", self.payload_bytes_max));
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use wingman_core::Kind;

    use super::*;

    #[test]
    fn a_file_may_hold_it_and_unknown_keys_are_refused() {
        let read = serde_json::from_str::<Config>;
        let config = read(r#"{"region": "eu-west-1", "secret_key": "hunter2"}"#).unwrap();
        assert_eq!(config.region.as_deref(), Some("eu-west-1"));
        assert!(config.fifo && !format!("{config:?}").contains("hunter2"));
        let error = read(r#"{"reigon": "x"}"#).unwrap_err().to_string();
        assert!(error.contains("reigon") && error.contains("payload_bytes_max"), "{error}");
    }

    #[test]
    fn what_cannot_work_is_refused() {
        let base = Config::default;
        let text = |text: &str| Some(text.to_owned());
        for (config, key) in [
            (Config { region: text("127.0.0.1"), ..base() }, "region"),
            (Config { region: text("localhost"), ..base() }, "region"),
            (Config { endpoint: text("localhost:4566"), ..base() }, "endpoint"),
            (Config { account: text("12345"), ..base() }, "account"),
            (Config { access_key: text("x"), ..base() }, "access_key"),
            (Config { secret_key: Some(Secret::new("x")), ..base() }, "access_key"),
            (Config { session_token: Some(Secret::new("x")), ..base() }, "session_token"),
            (Config { reply_millis: 0, ..base() }, "reply_millis"),
            (Config { payload_bytes_max: 1 << 20, ..base() }, "payload_bytes_max"),
        ] {
            let error = config.check().unwrap_err();
            assert_eq!(error.kind(), Kind::Configuration);
            assert_eq!(error.context("key"), Some(key));
        }
        let both = Config {
            access_key: text("x"),
            secret_key: Some(Secret::new("x")),
            profile: text("work"),
            ..base()
        };
        assert_eq!(both.check().unwrap_err().context("key"), Some("profile"));
        Config::default().check().unwrap();
    }
}
