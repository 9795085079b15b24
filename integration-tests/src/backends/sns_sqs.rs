//! SNS and SQS by the emulator that `brokers.sh` started, with FIFO or standard topics. A cut connection
//! ends nothing on SQS, whose hand-overs belong to no connection, so that there is no cut to ask for.

use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use wingman_conformance::{Backend, Faults, Lacks, Timing};
use wingman_core::clock::Clock;
use wingman_core::transport::Transport;
use wingman_core::{Error, Kind, Result};

use super::script::brokers;

/// As short as the service counts, with room for a renewal on a busy machine.
const LEASE: Duration = Duration::from_secs(2);

/// The services at a URL.
#[derive(Debug)]
pub struct SnsSqsBackend {
    name: &'static str,
    url: String,
}

impl SnsSqsBackend {
    /// FIFO topics and queues, as the adapter makes them unless it is told otherwise.
    pub fn fifo(url: &str) -> Self {
        Self { name: "sns-sqs", url: url.to_owned() }
    }

    /// Standard topics and queues.
    pub fn standard(url: &str) -> Self {
        Self { name: "sns-sqs-standard", url: format!("{url}&fifo=false") }
    }
}

#[async_trait]
impl Backend for SnsSqsBackend {
    fn name(&self) -> &str {
        self.name
    }

    async fn connect(&self) -> Result<Arc<dyn Transport>> {
        let transport = wingman_sns_sqs::connect(&self.url).await?;
        // A broker that is down is no error to the adapter, but it is to the suite.
        transport.ping().await?;
        Ok(transport)
    }

    fn clock(&self) -> Clock {
        Clock::system()
    }

    /// Waits, delays and leases are whole seconds.
    fn timing(&self) -> Timing {
        Timing {
            lease: LEASE,
            retry: Duration::from_secs(1),
            quiet: Duration::from_secs(1),
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

    /// Asked to end, then started: killed, the emulator would forget what it confirmed. It is away for
    /// longer than a lease, because a hand-over survives a shorter restart as if nothing had been.
    async fn restart(&self) -> Result<()> {
        brokers(&["stop", "sns-sqs"]).await?;
        tokio::time::sleep(LEASE).await;
        brokers(&["up", "sns-sqs"]).await
    }

    async fn cut(&self) -> Result<()> {
        Err(Error::new(Kind::Unsupported, "a cut connection ends nothing on SQS"))
    }
}
