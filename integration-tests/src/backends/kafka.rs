//! A Kafka that `brokers.sh` started: it is restarted by that script. A cut connection ends nothing
//! on Kafka, whose client opens it again within the session, so that there is no cut to ask for.

use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use wingman_conformance::{Backend, Faults, Lacks, Timing};
use wingman_core::clock::Clock;
use wingman_core::transport::Transport;
use wingman_core::{Error, Kind, Result};

use super::script::brokers;

/// The session that the URL of `brokers.sh` asks for.
const SESSION: Duration = Duration::from_secs(3);

/// The Kafka at a URL.
#[derive(Debug)]
pub struct KafkaBackend {
    url: String,
}

impl KafkaBackend {
    /// The Kafka at this URL.
    pub fn new(url: &str) -> Self {
        Self { url: url.to_owned() }
    }
}

#[async_trait]
impl Backend for KafkaBackend {
    fn name(&self) -> &str {
        "kafka"
    }

    async fn connect(&self) -> Result<Arc<dyn Transport>> {
        let transport = wingman_kafka::connect(&self.url).await?;
        // A broker that is down is no error to the adapter, but it is to the suite.
        transport.ping().await?;
        Ok(transport)
    }

    fn clock(&self) -> Clock {
        Clock::system()
    }

    /// A group of several members moves its partitions within a few heartbeats.
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
        Faults { restart: true, cut: false }
    }

    fn lacks(&self) -> Lacks {
        Lacks::default()
    }

    /// `kill -9`, then a start: a restart that asks first would prove less. It lasts longer than a
    /// session: a group survives a shorter one as if nothing had been.
    async fn restart(&self) -> Result<()> {
        brokers(&["kill", "kafka"]).await?;
        tokio::time::sleep(SESSION).await;
        brokers(&["up", "kafka"]).await
    }

    async fn cut(&self) -> Result<()> {
        Err(Error::new(Kind::Unsupported, "a cut connection ends nothing on Kafka"))
    }
}
