//! Opens a transport by its URL, its settings, or a file of them: one match on the scheme, one arm a
//! backend.

mod config;
mod file;

use std::sync::Arc;

use wingman_core::Result;
use wingman_core::transport::Transport;

pub use config::{Config, open_with};

/// Opens the transport that a URL names. A broker that is down is no error here.
///
/// # Errors
/// Those of [`Config::from_url`] and [`open_with`].
pub async fn open(url: &str) -> Result<Arc<dyn Transport>> {
    open_with(Config::from_url(url)?).await
}

#[cfg(test)]
mod tests {
    use wingman_core::{Error, Kind};

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
