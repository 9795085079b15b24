//! Opens a transport by its URL: one match on the scheme, one arm a backend.

use std::sync::Arc;

use wingman_core::clock::Clock;
use wingman_core::memory::MemoryTransport;
use wingman_core::nearest::nearest;
use wingman_core::transport::Transport;
use wingman_core::{Error, Kind, Result};

const SCHEMES: [&str; 8] =
    ["memory", "redis", "rediss", "kafka", "amqp", "amqps", "sns-sqs", "pubsub"];

/// Opens the transport that a URL names. A broker that is down is no error here.
///
/// # Errors
/// [`Kind::Configuration`] for an unknown scheme, naming the known ones, and for a URL that the
/// backend refuses; [`Kind::Unsupported`] for a scheme whose feature is off or that does not exist
/// yet; what the backend says of a broker that it reached.
pub async fn open(url: &str) -> Result<Arc<dyn Transport>> {
    let Some((scheme, _)) = url.split_once("://") else {
        // Not repeated: it may hold a password.
        let message = format!("this is not a URL of a broker: scheme://…; {}", known());
        return Err(Error::new(Kind::Configuration, message));
    };
    match scheme {
        "memory" => Ok(MemoryTransport::new(Clock::system())),
        #[cfg(feature = "redis")]
        "redis" | "rediss" => wingman_redis::connect(url).await,
        #[cfg(not(feature = "redis"))]
        "redis" | "rediss" => Err(off(scheme, "redis")),
        #[cfg(feature = "kafka")]
        "kafka" => wingman_kafka::connect(url).await,
        #[cfg(not(feature = "kafka"))]
        "kafka" => Err(off(scheme, "kafka")),
        #[cfg(feature = "rabbitmq")]
        "amqp" | "amqps" => wingman_rabbitmq::connect(url).await,
        #[cfg(not(feature = "rabbitmq"))]
        "amqp" | "amqps" => Err(off(scheme, "rabbitmq")),
        "sns-sqs" | "pubsub" => {
            let message = "this broker's adapter is not there yet: use memory://, redis://, \
                kafka:// or amqp://";
            Err(Error::new(Kind::Unsupported, message).with("scheme", scheme))
        }
        other => Err(unknown(other)),
    }
}

#[cfg(not(all(feature = "redis", feature = "kafka", feature = "rabbitmq")))]
fn off(scheme: &str, feature: &str) -> Error {
    let message = format!("this build has no {scheme}://: build with `--features {feature}`");
    Error::new(Kind::Unsupported, message)
}

fn unknown(scheme: &str) -> Error {
    let message = match nearest(scheme, &SCHEMES) {
        Some(near) => format!("unknown scheme: did you mean {near}://? {}", known()),
        None => format!("unknown scheme; {}", known()),
    };
    Error::new(Kind::Configuration, message).with("scheme", scheme)
}

fn known() -> &'static str {
    "memory://, redis://, kafka:// and amqp:// exist; sns-sqs:// and pubsub:// are reserved"
}

#[cfg(test)]
mod tests {
    use super::*;

    async fn refused(url: &str) -> Error {
        open(url).await.expect_err(url)
    }

    #[tokio::test]
    async fn memory_is_always_there() {
        let transport = open("memory://").await.unwrap();
        assert_eq!(transport.capabilities().backend, "memory");
    }

    #[tokio::test]
    async fn reserved_schemes_are_not_there_yet() {
        for scheme in ["sns-sqs", "pubsub"] {
            let error = refused(&format!("{scheme}://localhost")).await;
            assert_eq!(error.kind(), Kind::Unsupported);
            assert_eq!(error.context("scheme"), Some(scheme));
        }
    }

    #[tokio::test]
    async fn an_unknown_scheme_names_the_nearest_and_the_known() {
        let error = refused("reddis://localhost").await;
        assert_eq!(error.kind(), Kind::Configuration);
        let text = error.to_string();
        assert!(text.contains("did you mean redis://?"), "{text}");
        assert!(text.contains("kafka://"), "{text}");
        assert!(!refused("x://localhost").await.to_string().contains("did you mean"));
    }

    #[tokio::test]
    async fn what_is_no_url_is_not_repeated() {
        let error = refused("me:hunter2@localhost").await;
        assert_eq!(error.kind(), Kind::Configuration);
        assert!(!format!("{error:?}").contains("hunter2"));
    }

    #[cfg(not(feature = "redis"))]
    #[tokio::test]
    async fn a_feature_that_is_off_is_named() {
        let error = refused("redis://localhost").await;
        assert_eq!(error.kind(), Kind::Unsupported);
        assert!(error.to_string().contains("--features redis"), "{error}");
    }

    #[cfg(not(feature = "kafka"))]
    #[tokio::test]
    async fn kafka_without_its_feature_is_named() {
        let error = refused("kafka://localhost").await;
        assert_eq!(error.kind(), Kind::Unsupported);
        assert!(error.to_string().contains("--features kafka"), "{error}");
    }

    #[cfg(not(feature = "rabbitmq"))]
    #[tokio::test]
    async fn rabbitmq_without_its_feature_is_named() {
        let error = refused("amqp://localhost").await;
        assert_eq!(error.kind(), Kind::Unsupported);
        assert!(error.to_string().contains("--features rabbitmq"), "{error}");
    }

    #[cfg(feature = "rabbitmq")]
    #[tokio::test]
    async fn rabbitmq_is_opened_although_it_is_down() {
        let transport = open("amqp://127.0.0.1:1").await.unwrap();
        assert_eq!(transport.capabilities().backend, "rabbitmq");
        assert_eq!(transport.ping().await.unwrap_err().kind(), Kind::Unavailable);
        assert_eq!(refused("amqp://h?no=1").await.kind(), Kind::Configuration);
        assert_eq!(refused("amqps://h").await.kind(), Kind::Unsupported);
    }

    #[cfg(feature = "kafka")]
    #[tokio::test]
    async fn kafka_is_opened_although_it_is_down() {
        let transport = open("kafka://127.0.0.1:1?reply_millis=300").await.unwrap();
        assert_eq!(transport.capabilities().backend, "kafka");
        assert_eq!(transport.ping().await.unwrap_err().kind(), Kind::Unavailable);
        assert_eq!(refused("kafka://h?no=1").await.kind(), Kind::Configuration);
    }

    #[cfg(feature = "redis")]
    #[tokio::test]
    async fn redis_is_opened_although_it_is_down() {
        // Port 1 of this machine: nobody listens, and nobody may without being root.
        let transport = open("redis://127.0.0.1:1").await.unwrap();
        assert_eq!(transport.capabilities().backend, "redis");
        assert_eq!(transport.ping().await.unwrap_err().kind(), Kind::Unavailable);
        assert_eq!(refused("redis://h?no=1").await.kind(), Kind::Configuration);
    }
}
