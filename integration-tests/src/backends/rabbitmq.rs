//! A RabbitMQ that `brokers.sh` started: it is restarted by that script, and its connections are cut
//! by its own tool.

use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use wingman_conformance::{Backend, Faults, Lacks, Timing};
use wingman_core::Result;
use wingman_core::clock::Clock;
use wingman_core::transport::Transport;

use super::script::brokers;

/// The RabbitMQ at a URL.
#[derive(Debug)]
pub struct RabbitBackend {
    url: String,
}

impl RabbitBackend {
    /// The RabbitMQ at this URL.
    pub fn new(url: &str) -> Self {
        Self { url: url.to_owned() }
    }
}

#[async_trait]
impl Backend for RabbitBackend {
    fn name(&self) -> &str {
        "rabbitmq"
    }

    async fn connect(&self) -> Result<Arc<dyn Transport>> {
        let transport = wingman_rabbitmq::connect(&self.url).await?;
        // A broker that is down is no error to the adapter, but it is to the suite.
        transport.ping().await?;
        Ok(transport)
    }

    fn clock(&self) -> Clock {
        Clock::system()
    }

    /// A node that was killed is back after several seconds.
    fn timing(&self) -> Timing {
        Timing {
            lease: Duration::from_millis(1_200),
            retry: Duration::from_millis(700),
            quiet: Duration::from_millis(400),
            patience: Duration::from_secs(30),
            case: Duration::from_secs(120),
        }
    }

    fn faults(&self) -> Faults {
        Faults { restart: true, cut: true }
    }

    fn lacks(&self) -> Lacks {
        Lacks::default()
    }

    /// `kill -9`, then a start: a restart that asks first would prove less. Before it the server is
    /// made to write down which terms its queues are in: RabbitMQ 3.10 does so three seconds late,
    /// and a quorum queue that is younger than that when the server is killed elects no leader any
    /// more (README of the adapter). Messages have nothing to do with it.
    async fn restart(&self) -> Result<()> {
        brokers(&["ctl", "rabbitmq", "eval", "[dets:sync(T) || T <- dets:all()]."]).await?;
        brokers(&["kill", "rabbitmq"]).await?;
        brokers(&["up", "rabbitmq"]).await
    }

    async fn cut(&self) -> Result<()> {
        brokers(&["ctl", "rabbitmq", "close_all_connections", "cut by the suite"]).await
    }
}
