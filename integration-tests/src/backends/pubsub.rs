//! The fake of Pub/Sub that `brokers.sh` started. It keeps everything in memory, so that there is no
//! restart to ask for; and a cut connection ends nothing on Pub/Sub, whose deliveries belong to none.

use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use wingman_conformance::{Backend, Faults, Lacks, Timing};
use wingman_core::clock::Clock;
use wingman_core::transport::Transport;
use wingman_core::{Error, Kind, Result};

/// The Pub/Sub at a URL.
#[derive(Debug)]
pub struct PubsubBackend {
    url: String,
}

impl PubsubBackend {
    /// The Pub/Sub at this URL.
    pub fn new(url: &str) -> Self {
        Self { url: url.to_owned() }
    }
}

#[async_trait]
impl Backend for PubsubBackend {
    fn name(&self) -> &str {
        "pubsub"
    }

    async fn connect(&self) -> Result<Arc<dyn Transport>> {
        let transport = wingman_pubsub::connect(&self.url).await?;
        // A broker that is down is no error to the adapter, but it is to the suite.
        transport.ping().await?;
        Ok(transport)
    }

    fn clock(&self) -> Clock {
        Clock::system()
    }

    fn timing(&self) -> Timing {
        Timing {
            lease: Duration::from_millis(1_200),
            retry: Duration::from_millis(700),
            quiet: Duration::from_millis(700),
            patience: Duration::from_secs(20),
            case: Duration::from_secs(120),
        }
    }

    fn faults(&self) -> Faults {
        Faults { restart: false, cut: false }
    }

    fn lacks(&self) -> Lacks {
        Lacks { ahead: true }
    }

    async fn restart(&self) -> Result<()> {
        Err(Error::new(Kind::Unsupported, "the fake keeps nothing over a restart"))
    }

    async fn cut(&self) -> Result<()> {
        Err(Error::new(Kind::Unsupported, "a cut connection ends nothing on Pub/Sub"))
    }
}
