//! What every part of a governed process shares.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, PoisonError, RwLock};
use std::time::{Duration, Instant};

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
    held: RwLock<Held>,
    commits: watch::Sender<u64>,
    running: AtomicBool,
}

/// A claim, and until when this process may take it for granted.
#[derive(Clone, Copy)]
struct Held {
    claim: Claim,
    until: Instant,
}

impl Core {
    /// A core under a claim that was asked for at `asked`.
    pub(crate) fn new(
        bus: Bus,
        contracts: Arc<Contracts>,
        settings: Settings,
        tools: ToolRegistry,
        ledger: Ledger,
        gaps: Gaps,
        (claim, asked): (Claim, Instant),
    ) -> Self {
        let reader = ledger.reader();
        let until = asked + settings.worker_lease;
        let (held, commits) = (RwLock::new(Held { claim, until }), watch::Sender::new(0));
        let running = AtomicBool::new(true);
        Self { bus, contracts, settings, tools, ledger, reader, gaps, held, commits, running }
    }

    /// Under which claim this process acts.
    pub(crate) fn claim(&self) -> Claim {
        self.held().claim
    }

    /// Whether this claim is surely still ours (R2). A process that stood still past its lease learns
    /// by this clock, before it acts outside, that another one may have taken over.
    pub(crate) fn holds(&self, claim: Claim) -> bool {
        let held = self.held();
        held.claim == claim && Instant::now() < held.until
    }

    /// The ledger confirmed this claim, by an answer to what was asked at `asked`. A new claim after a
    /// lost lease: later work goes on under a new epoch, earlier work is late.
    pub(crate) fn set_claim(&self, claim: Claim, asked: Instant) {
        let until = asked + self.settings.worker_lease;
        *self.held.write().unwrap_or_else(PoisonError::into_inner) = Held { claim, until };
    }

    fn held(&self) -> Held {
        *self.held.read().unwrap_or_else(PoisonError::into_inner)
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
