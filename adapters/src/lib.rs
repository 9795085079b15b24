//! Opens a transport by its URL: one match on the scheme, one arm a backend.

use std::sync::Arc;

use wingman_core::clock::Clock;
use wingman_core::memory::MemoryTransport;
use wingman_core::transport::Transport;
use wingman_core::{Error, Kind, Result};

/// Opens the transport that a URL names. A broker that is down is no error here.
///
/// # Errors
/// [`Kind::Configuration`] for an unknown scheme, naming the known ones; [`Kind::Unsupported`] for
/// one whose feature is off or that does not exist yet.
pub async fn open(url: &str) -> Result<Arc<dyn Transport>> {
    let Some((scheme, _)) = url.split_once("://") else {
        return Err(unknown(url));
    };
    match scheme {
        "memory" => Ok(MemoryTransport::new(Clock::system())),
        "redis" | "rediss" => Err(off(scheme, "redis")),
        "kafka" | "amqp" | "sns-sqs" | "pubsub" => {
            let message = "this broker's adapter does not exist yet: use memory:// or redis://";
            Err(Error::new(Kind::Unsupported, message).with("scheme", scheme))
        }
        other => Err(unknown(other)),
    }
}

fn off(scheme: &str, feature: &str) -> Error {
    let message = format!("this build has no {scheme}://: build with `--features {feature}`");
    Error::new(Kind::Unsupported, message)
}

fn unknown(scheme: &str) -> Error {
    let message = "unknown scheme: memory:// and redis:// exist; kafka://, amqp://, sns-sqs:// and \
                   pubsub:// are reserved";
    Error::new(Kind::Configuration, message).with("scheme", scheme)
}
