//! Opens a transport by its URL: one match on the scheme, one arm a backend.

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

/// Opens the transport that a URL names. A broker that is down is no error here.
///
/// # Errors
/// [`Kind::Configuration`] for an unknown scheme, naming the known ones, and for a URL that the
/// backend refuses; [`Kind::Unsupported`] for a scheme whose feature is off; what the backend says of
/// a broker that it reached.
pub async fn open(url: &str) -> Result<Arc<dyn Transport>> {
    let Some((scheme, _)) = url.split_once("://") else {
        // Not repeated: it may hold a password.
        let message = format!("this is not a URL of a broker: scheme://…; {}", known());
        return Err(Error::new(Kind::Configuration, message));
    };
    match scheme {
        "memory" => Ok(MemoryTransport::new(Clock::system())),
        #[cfg(feature = "rabbitmq")]
        "amqp" | "amqps" => wingman_rabbitmq::connect(url).await,
        #[cfg(feature = "kafka")]
        "kafka" => wingman_kafka::connect(url).await,
        #[cfg(feature = "pubsub")]
        "pubsub" => wingman_pubsub::connect(url).await,
        #[cfg(feature = "redis")]
        "redis" | "rediss" => wingman_redis::connect(url).await,
        #[cfg(feature = "sns-sqs")]
        "sns-sqs" => wingman_sns_sqs::connect(url).await,
        other => Err(not_here(other)),
    }
}

/// The error for a scheme that this build does not open.
fn not_here(scheme: &str) -> Error {
    if let Some((_, feature)) = SCHEMES.iter().find(|(known, _)| *known == scheme) {
        let message = format!("this build has no {scheme}://: build with `--features {feature}`");
        return Error::new(Kind::Unsupported, message).with("scheme", scheme);
    }
    let schemes = SCHEMES.map(|(scheme, _)| scheme);
    let message = match nearest(scheme, &schemes) {
        Some(near) => format!("unknown scheme: did you mean {near}://? {}", known()),
        None => format!("unknown scheme; {}", known()),
    };
    Error::new(Kind::Configuration, message).with("scheme", scheme)
}

fn known() -> String {
    let schemes = SCHEMES.map(|(scheme, _)| format!("{scheme}://"));
    format!("there are {}", schemes.join(", "))
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

    /// A broker that is down, by the feature that opens it. Port 1 of this machine: nobody listens, and
    /// nobody may without being root.
    const DOWN: [(&str, bool, &str); 5] = [
        ("kafka", cfg!(feature = "kafka"), "kafka://127.0.0.1:1?reply_millis=300"),
        ("pubsub", cfg!(feature = "pubsub"), "pubsub://shop?emulator=127.0.0.1:1"),
        ("rabbitmq", cfg!(feature = "rabbitmq"), "amqp://127.0.0.1:1"),
        ("redis", cfg!(feature = "redis"), "redis://127.0.0.1:1"),
        (
            "sns-sqs",
            cfg!(feature = "sns-sqs"),
            "sns-sqs://us-east-1?endpoint=http://127.0.0.1:1&access_key=a&secret_key=b",
        ),
    ];

    #[tokio::test]
    async fn each_is_opened_although_it_is_down_or_names_its_feature() {
        for (feature, is_on, url) in DOWN {
            if !is_on {
                let error = refused(url).await;
                assert_eq!(error.kind(), Kind::Unsupported);
                let remedy = format!("--features {feature}`");
                assert!(error.to_string().contains(&remedy), "{error}");
                continue;
            }
            let transport = open(url).await.unwrap();
            assert_eq!(transport.capabilities().backend, feature);
            assert_eq!(transport.ping().await.unwrap_err().kind(), Kind::Unavailable, "{url}");
            let (base, _) = url.split_once('?').unwrap_or((url, ""));
            assert_eq!(refused(&format!("{base}?no=1")).await.kind(), Kind::Configuration);
        }
    }
}
