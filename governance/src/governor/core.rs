//! What every part of a governed process shares.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, PoisonError, RwLock};
use std::time::Duration;

use tokio::sync::watch;
use wingman_core::bus::Bus;

use crate::contract::Contracts;
use crate::ledger::{Gaps, Ledger, LedgerError, LedgerErrorKind, Reader};
use crate::permission::ToolRegistry;
use crate::protocol::input::{Input, Reply};
use crate::protocol::row::Claim;
use crate::protocol::settings::Settings;

/// How often other processes' commits are looked for.
const LOOK_EVERY: Duration = Duration::from_millis(250);

/// Shared by gates, relay, rollback engine and extractors.
pub(crate) struct Core {
    pub(crate) bus: Bus,
    pub(crate) contracts: Arc<Contracts>,
    pub(crate) settings: Settings,
    pub(crate) tools: ToolRegistry,
    pub(crate) ledger: Ledger,
    pub(crate) reader: Reader,
    pub(crate) gaps: Gaps,
    claim: RwLock<Claim>,
    commits: watch::Sender<u64>,
    running: AtomicBool,
}

impl Core {
    pub(crate) fn new(
        bus: Bus,
        contracts: Arc<Contracts>,
        settings: Settings,
        tools: ToolRegistry,
        ledger: Ledger,
        gaps: Gaps,
        claim: Claim,
    ) -> Self {
        let reader = ledger.reader();
        let (claim, commits) = (RwLock::new(claim), watch::Sender::new(0));
        let running = AtomicBool::new(true);
        Self {
            bus,
            contracts,
            settings,
            tools,
            ledger,
            reader,
            gaps,
            claim,
            commits,
            running,
        }
    }

    /// Under which claim this process acts.
    pub(crate) fn claim(&self) -> Claim {
        *self.claim.read().unwrap_or_else(PoisonError::into_inner)
    }

    /// After a lost lease: later work goes on under a new epoch, earlier work is late.
    pub(crate) fn set_claim(&self, claim: Claim) {
        *self.claim.write().unwrap_or_else(PoisonError::into_inner) = claim;
    }

    /// One durable step for these inputs; the replies stand in their order.
    pub(crate) async fn turn(&self, inputs: Vec<Input>) -> Result<Vec<Reply>, LedgerError> {
        let replies = self.ledger.transact(inputs).await?;
        self.commits.send_modify(|commits| *commits += 1);
        Ok(replies)
    }

    /// One durable step for one input.
    pub(crate) async fn ask(&self, input: Input) -> Result<Reply, LedgerError> {
        let reply = self.turn(vec![input]).await?.pop();
        reply.ok_or_else(|| LedgerError::new(LedgerErrorKind::Corrupt, "no reply to an input"))
    }

    /// A view on this process's commits.
    pub(crate) fn commits(&self) -> watch::Receiver<u64> {
        self.commits.subscribe()
    }

    /// Waits for a commit of this process, or for the time after which others' are looked for.
    pub(crate) async fn rest(&self, commits: &mut watch::Receiver<u64>) {
        // A time-out is the other way to end the rest, and the sender lives as long as `self`.
        let _ = tokio::time::timeout(LOOK_EVERY, commits.changed()).await;
    }

    /// Whether the governor has not been stopped.
    pub(crate) fn is_running(&self) -> bool {
        self.running.load(Ordering::Relaxed)
    }

    /// Ends the loops; each notices at its next rest.
    pub(crate) fn stop(&self) {
        self.running.store(false, Ordering::Relaxed);
        self.commits.send_modify(|commits| *commits += 1);
    }
}
