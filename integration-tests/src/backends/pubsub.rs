//! The fakes of Pub/Sub that `brokers.sh` started: pstest of Google's Go client, and Google's emulator. Each
//! lacks what the other has. They keep everything in memory, so that there is no restart to ask for; and a
//! cut connection ends nothing on Pub/Sub, whose deliveries belong to none.

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
    /// What `brokers.sh` calls it.
    name: &'static str,
    url: String,
    lacks: Lacks,
}

impl PubsubBackend {
    /// The pstest at this URL: it hands out one message of a key at a time.
    pub fn pstest(url: &str) -> Self {
        let lacks = Lacks { ahead: true, succession: false };
        Self { name: "pubsub", url: url.to_owned(), lacks }
    }

    /// The emulator at this URL: a stream that was closed is handed something once more, which comes to
    /// another one when its lease ended.
    pub fn emulator(url: &str) -> Self {
        let lacks = Lacks { ahead: false, succession: true };
        Self { name: "pubsub-emulator", url: url.to_owned(), lacks }
    }
}

#[async_trait]
impl Backend for PubsubBackend {
    fn name(&self) -> &str {
        self.name
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
            patience: Duration::from_secs(30),
            case: Duration::from_secs(120),
        }
    }

    fn faults(&self) -> Faults {
        Faults { restart: false, cut: false }
    }

    fn lacks(&self) -> Lacks {
        self.lacks
    }

    async fn restart(&self) -> Result<()> {
        Err(Error::new(Kind::Unsupported, "the fake keeps nothing over a restart"))
    }

    async fn cut(&self) -> Result<()> {
        Err(Error::new(Kind::Unsupported, "a cut connection ends nothing on Pub/Sub"))
    }
}
