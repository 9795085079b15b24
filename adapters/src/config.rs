//! What a transport is opened with: of one backend, typed, from code, a URL or a file.

use std::sync::Arc;

use wingman_core::clock::Clock;
use wingman_core::memory::MemoryTransport;
use wingman_core::nearest::nearest;
use wingman_core::transport::Transport;
use wingman_core::{Error, Kind, Result};

/// Every scheme, and the feature that it needs; the first is always there.
const SCHEMES: [(&str, &str); 8] = [
    ("memory", ""),
    ("amqp", "rabbitmq"),
    ("amqps", "rabbitmq-tls"),
    ("kafka", "kafka"),
    ("pubsub", "pubsub"),
    ("redis", "redis"),
    ("rediss", "redis-tls"),
    ("sns-sqs", "sns-sqs"),
];

/// The settings of one backend. `Debug` shows no secret.
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub enum Config {
    /// A broker in this process, gone with it.
    Memory,
    /// See [`wingman_kafka::Config`].
    #[cfg(feature = "kafka")]
    Kafka(wingman_kafka::Config),
    /// See [`wingman_pubsub::Config`].
    #[cfg(feature = "pubsub")]
    Pubsub(wingman_pubsub::Config),
    /// See [`wingman_rabbitmq::Config`].
    #[cfg(feature = "rabbitmq")]
    Rabbitmq(wingman_rabbitmq::Config),
    /// See [`wingman_redis::Config`].
    #[cfg(feature = "redis")]
    Redis(wingman_redis::Config),
    /// See [`wingman_sns_sqs::Config`].
    #[cfg(feature = "sns-sqs")]
    SnsSqs(wingman_sns_sqs::Config),
}

impl Config {
    /// Reads a URL. It is never repeated in an error: it may hold a password.
    ///
    /// # Errors
    /// [`Kind::Configuration`] for an unknown scheme, naming the known ones, and for a URL that the
    /// backend refuses; [`Kind::Unsupported`] for a scheme whose feature is off.
    pub fn from_url(url: &str) -> Result<Self> {
        let Some((scheme, _)) = url.split_once("://") else {
            let message = format!("this is not a URL of a broker: scheme://…; {}", known());
            return Err(Error::new(Kind::Configuration, message));
        };
        match scheme {
            "memory" => Ok(Self::Memory),
            #[cfg(feature = "rabbitmq")]
            "amqp" | "amqps" => wingman_rabbitmq::Config::from_url(url).map(Self::Rabbitmq),
            #[cfg(feature = "kafka")]
            "kafka" => wingman_kafka::Config::from_url(url).map(Self::Kafka),
            #[cfg(feature = "pubsub")]
            "pubsub" => wingman_pubsub::Config::from_url(url).map(Self::Pubsub),
            #[cfg(feature = "redis")]
            "redis" | "rediss" => wingman_redis::Config::from_url(url).map(Self::Redis),
            #[cfg(feature = "sns-sqs")]
            "sns-sqs" => wingman_sns_sqs::Config::from_url(url).map(Self::SnsSqs),
            other => Err(not_here(other)),
        }
    }
}

/// Opens the transport of a configuration. A broker that is down is no error here.
///
/// # Errors
/// [`Kind::Configuration`] for settings that cannot work; what the backend says of a broker that it
/// reached.
pub async fn open_with(config: Config) -> Result<Arc<dyn Transport>> {
    match config {
        Config::Memory => Ok(MemoryTransport::new(Clock::system())),
        #[cfg(feature = "kafka")]
        Config::Kafka(config) => wingman_kafka::connect_with(config).await,
        #[cfg(feature = "pubsub")]
        Config::Pubsub(config) => wingman_pubsub::connect_with(config).await,
        #[cfg(feature = "rabbitmq")]
        Config::Rabbitmq(config) => wingman_rabbitmq::connect_with(config).await,
        #[cfg(feature = "redis")]
        Config::Redis(config) => wingman_redis::connect_with(config).await,
        #[cfg(feature = "sns-sqs")]
        Config::SnsSqs(config) => wingman_sns_sqs::connect_with(config).await,
    }
}

/// The error for a scheme that this build does not open.
pub(crate) fn not_here(scheme: &str) -> Error {
    if let Some((_, feature)) = SCHEMES.iter().find(|(known, _)| *known == scheme) {
        let message = format!("this build has no {scheme}://: build with `--features {feature}`");
        return Error::new(Kind::Unsupported, message).with("scheme", scheme);
    }
    let schemes = SCHEMES.map(|(scheme, _)| scheme);
    let message = match nearest(scheme, &schemes) {
        Some(near) => format!("unknown scheme: did you mean {near}://? {}", known()),
        None => format!("unknown scheme; {}", known()),
    };
    let error = Error::new(Kind::Configuration, message);
    // A whole URL in its place has a password.
    match scheme.bytes().all(|it| it.is_ascii_alphanumeric() || matches!(it, b'+' | b'-' | b'.')) {
        true => error.with("scheme", scheme),
        false => error,
    }
}

fn known() -> String {
    let schemes = SCHEMES.map(|(scheme, _)| format!("{scheme}://"));
    format!("there are {}", schemes.join(", "))
}
