//! A memory broker with small limits, and with less patience than one that is believed to work.

use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use wingman_conformance::{Backend, Faults, Lacks, Timing};
use wingman_core::Result;
use wingman_core::clock::Clock;
use wingman_core::memory::{MemoryLimits, MemoryTransport};
use wingman_core::transport::Transport;

const PAYLOAD_BYTES_MAX: usize = 1 << 16;
const BATCH_MESSAGES_MAX: usize = 64;

#[derive(Debug)]
pub(super) struct SmallMemory {
    clock: Clock,
    broker: Arc<MemoryTransport>,
}

impl SmallMemory {
    pub(super) fn new() -> Self {
        let clock = Clock::system();
        let limits = MemoryLimits {
            payload_bytes_max: PAYLOAD_BYTES_MAX,
            batch_messages_max: BATCH_MESSAGES_MAX,
            ..MemoryLimits::default()
        };
        Self { broker: MemoryTransport::with_limits(clock.clone(), limits), clock }
    }
}

#[async_trait]
impl Backend for SmallMemory {
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
        Timing {
            lease: Duration::from_millis(400),
            retry: Duration::from_millis(300),
            quiet: Duration::from_millis(100),
            patience: Duration::from_secs(2),
            case: Duration::from_secs(20),
        }
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

    async fn cut(&self) -> Result<()> {
        self.broker.restart();
        Ok(())
    }
}
