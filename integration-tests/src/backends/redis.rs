//! A Redis or a Valkey that `brokers.sh` started: it is restarted by that script, and its connections are cut
//! by the server itself.

use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use wingman_conformance::{Backend, Faults, Lacks, Timing};
use wingman_core::clock::Clock;
use wingman_core::transport::Transport;
use wingman_core::{Error, Kind, Result};

use super::script::brokers;

/// The server at a URL.
#[derive(Debug)]
pub struct RedisBackend {
    /// What `brokers.sh` calls it.
    name: &'static str,
    url: String,
}

impl RedisBackend {
    /// The Redis at this URL.
    pub fn redis(url: &str) -> Self {
        Self { name: "redis", url: url.to_owned() }
    }

    /// The Valkey at this URL.
    pub fn valkey(url: &str) -> Self {
        Self { name: "valkey", url: url.to_owned() }
    }
}

#[async_trait]
impl Backend for RedisBackend {
    fn name(&self) -> &str {
        self.name
    }

    async fn connect(&self) -> Result<Arc<dyn Transport>> {
        let transport = wingman_redis::connect(&self.url).await?;
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
            quiet: Duration::from_millis(400),
            ..Timing::default()
        }
    }

    fn faults(&self) -> Faults {
        Faults { restart: true, cut: true }
    }

    fn lacks(&self) -> Lacks {
        Lacks::default()
    }

    /// `kill -9`, then a start: a restart that asks first would prove less.
    async fn restart(&self) -> Result<()> {
        brokers(&["kill", self.name]).await?;
        brokers(&["up", self.name]).await
    }

    async fn cut(&self) -> Result<()> {
        let native = |error: redis::RedisError| {
            Error::new(Kind::Internal, "the server did not cut").because(error)
        };
        let client = redis::Client::open(&*self.url).map_err(native)?;
        let mut connection = client.get_multiplexed_async_connection().await.map_err(native)?;
        let mut command = redis::cmd("CLIENT");
        command.arg("KILL").arg("TYPE").arg("normal").arg("SKIPME").arg("yes");
        command.exec_async(&mut connection).await.map_err(native)
    }
}
