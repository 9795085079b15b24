//! What the suite must be given: a broker that runs, and what can be done to it.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use wingman_core::Result;
use wingman_core::clock::Clock;
use wingman_core::transport::{Capabilities, Transport};

/// A broker to run the suite on. It must be reachable: the suite never skips for want of it.
#[async_trait]
pub trait Backend: fmt::Debug + Send + Sync + 'static {
    /// The first part of the tests' names, such as `redis`.
    fn name(&self) -> &str;

    /// A fresh connection; all connections reach the same broker.
    async fn connect(&self) -> Result<Arc<dyn Transport>>;

    /// The clock by which the broker's delays and leases pass.
    fn clock(&self) -> Clock;

    /// How long the suite waits on this broker.
    fn timing(&self) -> Timing;

    /// Which of the faults below can be asked for.
    fn faults(&self) -> Faults;

    /// What of the broker this one lacks, where it only stands for it.
    fn lacks(&self) -> Lacks;

    /// Restarts the broker, which keeps what it confirmed, and returns once it answers again.
    ///
    /// # Errors
    /// `Unsupported` exactly where [`Faults::restart`] is false.
    async fn restart(&self) -> Result<()>;

    /// Cuts every connection to the broker, which itself goes on.
    ///
    /// # Errors
    /// `Unsupported` exactly where [`Faults::cut`] is false.
    async fn cut(&self) -> Result<()>;
}

/// How long the suite waits on a broker. Each wait is bounded by these.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Timing {
    /// The lease that cases ask for when they let it end; as short as the broker allows.
    pub lease: Duration,
    /// The delay that cases ask for when they retry later.
    pub retry: Duration,
    /// How long nothing must come before the suite believes that nothing comes.
    pub quiet: Duration,
    /// How long it waits for what must come.
    pub patience: Duration,
    /// How long one case may take.
    pub case: Duration,
}

impl Default for Timing {
    /// For a broker on this machine that measures leases in seconds or less.
    fn default() -> Self {
        Self {
            lease: Duration::from_secs(2),
            retry: Duration::from_secs(1),
            quiet: Duration::from_millis(300),
            patience: Duration::from_secs(10),
            case: Duration::from_secs(60),
        }
    }
}

impl Timing {
    /// A lease that does not end while a case waits.
    pub fn long_lease(&self) -> Duration {
        self.patience * 3
    }
}

/// What can be done to a broker.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Faults {
    /// It can be restarted and keeps what it confirmed.
    pub restart: bool,
    /// Its connections can be cut.
    pub cut: bool,
}

/// What an emulator lacks of the broker that it stands for: the transport offers it all the same, and
/// the suite cannot see it here.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Lacks {
    /// Handing out a key's next message before the one before it is settled.
    pub ahead: bool,
    /// Noticing that a consumer is gone: what it gives to that one comes to the next one late.
    pub succession: bool,
}

/// What a backend offers; a case says what of it it needs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Offer {
    /// Of its transport.
    pub capabilities: Capabilities,
    /// Of the suite's hold on the broker.
    pub faults: Faults,
    /// What of the broker is missing.
    pub lacks: Lacks,
    /// Whether a governor stands between the bus and its handlers.
    pub governed: bool,
}
