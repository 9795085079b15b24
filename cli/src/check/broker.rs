//! The broker that is checked, as the suite's backend: nothing of it is in our hands but its URL.

use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use wingman_conformance::{Backend, Faults, Lacks, Timing};
use wingman_hub::core::clock::Clock;
use wingman_hub::core::memory::MemoryTransport;
use wingman_hub::core::transport::{Capabilities, Product, Transport};
use wingman_hub::{Error, Kind, Result};

use crate::open;
use crate::problem::Problem;

/// What is known before anything is tried.
#[derive(Debug)]
pub(super) struct About {
    /// Its URL without secrets.
    pub(super) shown: String,
    pub(super) product: Product,
    pub(super) capabilities: Capabilities,
}

/// A broker that answers.
#[derive(Debug)]
pub(super) struct Broker {
    url: String,
    pub(super) about: About,
    pub(super) transport: Arc<dyn Transport>,
    /// Of the names of everything that is made, and of every choice.
    pub(super) seed: u64,
    patience: Duration,
}

impl Broker {
    /// Connects, and asks it what it is.
    pub(super) async fn open(url: &str, patience: Duration) -> std::result::Result<Self, Problem> {
        let transport = wingman_hub::connect(url).await?.transport().clone();
        let about = About {
            shown: open::without_secrets(url),
            product: transport.product().await?,
            capabilities: transport.capabilities(),
        };
        let mut seed = [0; 8];
        getrandom::fill(&mut seed).map_err(Problem::new)?;
        let seed = u64::from_be_bytes(seed);
        Ok(Self { url: url.to_owned(), about, transport, seed, patience })
    }

    /// How everything that is made is named.
    pub(super) fn prefix(&self) -> String {
        format!("t{:016x}", self.seed)
    }

    /// How long is waited for what should come.
    pub(super) fn patience(&self) -> Duration {
        self.patience
    }
}

#[async_trait]
impl Backend for Broker {
    fn name(&self) -> &str {
        self.about.capabilities.backend
    }

    async fn connect(&self) -> Result<Arc<dyn Transport>> {
        // One that lives in this process has no other place to be found again.
        if let Some(memory) = self.transport.native().downcast_ref::<MemoryTransport>() {
            return Ok(memory.connect());
        }
        let transport = wingman_hub::connect(&self.url).await?.transport().clone();
        transport.ping().await?;
        Ok(transport)
    }

    fn clock(&self) -> Clock {
        Clock::system()
    }

    /// For any broker, also one that counts in whole seconds and is not near.
    fn timing(&self) -> Timing {
        Timing {
            lease: Duration::from_secs(2),
            retry: Duration::from_secs(1),
            quiet: Duration::from_secs(1),
            patience: self.patience,
            case: self.patience * 4,
        }
    }

    fn faults(&self) -> Faults {
        Faults::default()
    }

    fn lacks(&self) -> Lacks {
        Lacks { ahead: self.about.product.is_stand_in, ..Lacks::default() }
    }

    async fn restart(&self) -> Result<()> {
        Err(Error::new(Kind::Unsupported, "somebody's own broker is not restarted"))
    }

    async fn cut(&self) -> Result<()> {
        Err(Error::new(Kind::Unsupported, "somebody's own broker is not cut off"))
    }
}
