//! How a ledger is opened.

use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use wingman_core::clock::Clock;

use super::gap::Gaps;
use crate::contract::Contracts;
use crate::protocol::settings::Settings;

/// How a ledger is opened.
#[derive(Debug, Clone)]
pub struct LedgerOptions {
    /// Makes the ledger if there is none; otherwise that is an error of kind `Missing`.
    pub create: bool,
    /// The contracts that the protocol enforces.
    pub contracts: Arc<Contracts>,
    /// The protocol's bounds.
    pub settings: Settings,
    /// When checkpoints are written.
    pub checkpoint_every: CheckpointEvery,
    /// The file that the newest checkpoint is kept in, outside the database; `DATABASE.checkpoint.txt`
    /// beside it if `None`.
    pub checkpoint_file: Option<PathBuf>,
    /// The private key that signs checkpoints, made if missing; `DATABASE.key` beside it if `None`.
    pub key_file: Option<PathBuf>,
    /// What is called at the protocol's gaps.
    pub gaps: Gaps,
    /// The time that the ledger's clock follows; it never runs backwards.
    pub clock: Clock,
    /// How long a write waits for other processes before it fails as `Busy`.
    pub busy_wait: Duration,
    /// The size in bytes that the database may reach; beyond it the ledger is `Full`. The disk's
    /// room if `None`.
    pub bytes_max: Option<u64>,
}

impl LedgerOptions {
    /// The defaults, under these contracts: an existing ledger, checkpoints every 16,384 stamps or
    /// 10 seconds.
    pub fn new(contracts: Arc<Contracts>) -> Self {
        Self {
            create: false,
            contracts,
            settings: Settings::default(),
            checkpoint_every: CheckpointEvery::default(),
            checkpoint_file: None,
            key_file: None,
            gaps: Gaps::default(),
            clock: Clock::system(),
            busy_wait: Duration::from_secs(10),
            bytes_max: None,
        }
    }
}

impl Default for LedgerOptions {
    /// Without contracts: for processes that judge nothing.
    fn default() -> Self {
        let none = Contracts::builder().build().expect("no contracts have no mistakes");
        Self::new(Arc::new(none))
    }
}

/// When a checkpoint is written, whichever comes first; one more is written on close.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct CheckpointEvery {
    /// After this many stamps that none covers.
    pub stamps: u64,
    /// This long after the first stamp that none covers.
    pub time: Duration,
}

impl Default for CheckpointEvery {
    fn default() -> Self {
        Self { stamps: 16_384, time: Duration::from_secs(10) }
    }
}
