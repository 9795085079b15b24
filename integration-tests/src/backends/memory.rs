//! The broker inside the process, on the system's clock, as the network brokers are.

use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use wingman_conformance::{Backend, Faults, Lacks, Timing};
use wingman_core::Result;
use wingman_core::clock::Clock;
use wingman_core::memory::{MemoryLimits, MemoryTransport};
use wingman_core::transport::Transport;

/// One memory broker.
#[derive(Debug)]
pub struct MemoryBackend {
    clock: Clock,
    broker: Arc<MemoryTransport>,
    timing: Timing,
}

impl MemoryBackend {
    /// A broker of its own.
    pub fn new() -> Self {
        let timing = Timing {
            lease: Duration::from_millis(600),
            retry: Duration::from_millis(400),
            quiet: Duration::from_millis(150),
            ..Timing::default()
        };
        Self::with(MemoryLimits::default(), timing)
    }

    /// A broker of its own with these limits, and as much patience with it.
    pub fn with(limits: MemoryLimits, timing: Timing) -> Self {
        let clock = Clock::system();
        Self { broker: MemoryTransport::with_limits(clock.clone(), limits), clock, timing }
    }
}

impl Default for MemoryBackend {
    fn default() -> Self {
        Self::new()
    }
}

#[async_trait]
impl Backend for MemoryBackend {
    fn name(&self) -> &str {
        "memory"
    }

    async fn connect(&self) -> Result<Arc<dyn Transport>> {
        Ok(self.broker.connect())
    }

    fn clock(&self) -> Clock {
        self.clock.clone()
    }

    fn timing(&self) -> Timing {
        self.timing
    }

    fn faults(&self) -> Faults {
        Faults { restart: true, cut: true }
    }

    fn lacks(&self) -> Lacks {
        Lacks::default()
    }

    async fn restart(&self) -> Result<()> {
        self.broker.restart();
        Ok(())
    }

    /// To its consumers a restart is a cut: the store is the process's and stays.
    async fn cut(&self) -> Result<()> {
        self.broker.restart();
        Ok(())
    }
}
