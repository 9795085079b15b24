//! A governed process at work.

use std::collections::BTreeSet;
use std::fmt;
use std::sync::Arc;
use std::time::{Duration, Instant};

use tokio::task::JoinHandle;
use wingman_core::bus::{Queue, Subscription, SubscriptionOptions};
use wingman_core::event::CloudEvent;
use wingman_core::handler::Handler;

use super::builder::{Adjust, Governor, StartError};
use super::core::Core;
use super::gate::HandlerGate;
use super::signed::{decide, resolve, review};
use super::wrap::Governed;
use super::{heart, relay};
use crate::contract::Contracts;
use crate::digest::Digest;
use crate::interrupt::{Interrupted, interrupt};
use crate::ledger::{Ledger, LedgerError, LedgerErrorKind, LedgerOptions, WorkerLock};
use crate::protocol::id::{HandlerName, WorkerId};
use crate::protocol::input::{Decided, Input, Published, Reply, Resolved, Reviewed};
use crate::protocol::row::Target;
use crate::rollback;

/// The grace time of a drain.
const GRACE: Duration = Duration::from_secs(10);

/// A governor that has started. Stop it with [`Running::stop`]; dropping it stops it without grace.
pub struct Running {
    core: Arc<Core>,
    subscriptions: Vec<Subscription>,
    tasks: Vec<JoinHandle<()>>,
    _lock: WorkerLock,
}

impl fmt::Debug for Running {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Running")
            .field("handlers", &self.subscriptions.len())
            .finish_non_exhaustive()
    }
}

impl Running {
    pub(super) async fn start(
        governor: Governor,
        contracts: Arc<Contracts>,
    ) -> Result<Self, StartError> {
        let Governor {
            url,
            bus,
            settings,
            tools,
            adjust,
            handlers,
            queues,
            gaps,
            checkpoint_every,
            ledger_bytes_max,
            contracts: _,
        } = governor;
        let options = LedgerOptions {
            create: true,
            settings,
            gaps: gaps.clone(),
            checkpoint_every,
            bytes_max: ledger_bytes_max,
            ..LedgerOptions::new(Arc::clone(&contracts))
        };
        let ledger = Ledger::open(&url, options).await?;
        let worker = new_worker()?;
        let lock = ledger.lock_worker(worker)?;
        let names: Vec<String> = handlers.keys().cloned().collect();
        let join = Input::Join { worker, handlers: names.clone() };
        let asked = Instant::now();
        let claim = match ledger.transact(vec![join]).await?.pop() {
            Some(Reply::Joined(claim)) => claim,
            other => return Err(unexpected(&other).into()),
        };
        let core = Arc::new(Core::new(
            bus,
            Arc::clone(&contracts),
            settings,
            tools,
            ledger,
            gaps,
            (claim, asked),
        ));
        let mut running = Self {
            core: Arc::clone(&core),
            subscriptions: Vec::new(),
            tasks: Vec::new(),
            _lock: lock,
        };
        // First, as a broker may keep a subscription waiting for longer than a lease lasts.
        running.tasks.push(tokio::spawn(heart::run(Arc::clone(&core), worker, names)));
        for (name, handler) in handlers {
            running.subscribe(&name, handler, (&adjust, queues.get(&name))).await?;
        }
        running.tasks.push(tokio::spawn(relay::run(Arc::clone(&core))));
        running.tasks.push(tokio::spawn(rollback::run_engine(core)));
        Ok(running)
    }

    async fn subscribe(
        &mut self,
        name: &str,
        handler: Arc<dyn Handler>,
        (adjust, queue): (&Adjust, Option<&Queue>),
    ) -> Result<(), StartError> {
        let core = &self.core;
        let Some(contract) = core.contracts.handler(name) else {
            return Ok(());
        };
        // What it takes beside its contract is judged too, where it starts at all (mode observe).
        let beside = handler.signature().consumes;
        let declared = contract.consumes.iter().map(String::as_str);
        let types: BTreeSet<&str> = declared.chain(beside).collect();
        let topics = types.into_iter().map(|ty| core.bus.topic_of(ty));
        let mut adjusted =
            SubscriptionOptions::new([], core.bus.group_of(name)?, Arc::clone(&handler));
        adjust(&mut adjusted);
        adjusted.group = core.bus.group_of(name)?;
        match queue {
            Some(queue) => queue.apply(name, &mut adjusted)?,
            None => adjusted.topics = topics.collect::<Result<_, _>>()?,
        }
        let group = adjusted.group.clone();
        let who = HandlerName { group: group.to_string(), handler: name.to_owned() };
        let gate = HandlerGate::new(Arc::clone(core), who);
        let options = SubscriptionOptions {
            handler: Arc::new(Governed(handler)),
            gate: Some(Arc::new(gate)),
            run_time_max: Some(contract.limits.runtime),
            ..adjusted
        };
        self.subscriptions.push(core.bus.subscribe(options).await?);
        Ok(())
    }

    /// The ledger.
    pub fn ledger(&self) -> &Ledger {
        &self.core.ledger
    }

    /// The bus.
    pub fn bus(&self) -> &wingman_core::bus::Bus {
        &self.core.bus
    }

    /// The handlers' subscriptions, by the names of the handlers.
    pub fn subscriptions(&self) -> &[Subscription] {
        &self.subscriptions
    }

    /// Publishes an event of a type whose producer is external: stamped and recorded first, then
    /// relayed (G1).
    ///
    /// # Errors
    /// [`LedgerError`]; what the rules refuse is a [`Published::Refused`].
    pub async fn publish(&self, event: CloudEvent) -> Result<Published, LedgerError> {
        match self.core.ask(Input::Publish { event: Arc::new(event) }).await? {
            Reply::Published(published) => Ok(published),
            other => Err(unexpected(&Some(other))),
        }
    }

    /// Takes a signed answer to a plan (see [`crate::handshake::Approver`]).
    ///
    /// # Errors
    /// [`LedgerError`] of kind `Refused` if the signature is not the named principal's.
    pub async fn decide(&self, answer: Input) -> Result<Decided, LedgerError> {
        decide(&self.core.ledger, &self.core.contracts, answer).await
    }

    /// Takes a signed decision about a dead letter (see [`crate::handshake::Approver`]).
    ///
    /// # Errors
    /// [`LedgerError`] of kind `Refused` if the signature is not the named principal's.
    pub async fn review(&self, decision: Input) -> Result<Reviewed, LedgerError> {
        review(&self.core.ledger, &self.core.contracts, decision).await
    }

    /// Takes a signed decision about an effect in quarantine (see [`crate::handshake::Approver`]).
    ///
    /// # Errors
    /// [`LedgerError`] of kind `Refused` if the signature is not the named principal's.
    pub async fn resolve(&self, decision: Input) -> Result<Resolved, LedgerError> {
        resolve(&self.core.ledger, &self.core.contracts, decision).await
    }

    /// Halts or resumes a handler or all, and waits for confirmations (G6).
    ///
    /// # Errors
    /// [`LedgerError`] if the ledger does not take it.
    pub async fn interrupt(
        &self,
        target: Target,
        halt: bool,
        by: &str,
    ) -> Result<Interrupted, LedgerError> {
        interrupt(&self.core.ledger, target, halt, by, Duration::from_secs(1)).await
    }

    /// As [`Running::stop_within`], with a grace of 10 s.
    pub async fn stop(self) {
        self.stop_within(GRACE).await;
    }

    /// Drains every subscription, cancelling what runs when the grace ends; writes the last
    /// checkpoint and leaves the ledger (T5).
    pub async fn stop_within(mut self, grace: Duration) {
        let drains = self.subscriptions.iter().map(|subscription| subscription.drain(grace));
        futures_util::future::join_all(drains).await;
        self.core.stop();
        for task in std::mem::take(&mut self.tasks) {
            // A loop that panicked has said so; nothing is left to do for it here.
            let _ = task.await;
        }
        let worker = self.core.claim().worker;
        if let Err(error) = self.core.ask(Input::Bury { worker }).await {
            tracing::warn!(%error, "Worker did not sign off; its lease ends by itself");
        }
        if let Err(error) = self.core.ledger.close().await {
            tracing::error!(%error, "Ledger did not close cleanly");
        }
    }
}

impl Drop for Running {
    /// Ends the loops: a process without its handlers must not go on renewing its lease.
    fn drop(&mut self) {
        self.core.stop();
    }
}

fn new_worker() -> Result<WorkerId, LedgerError> {
    let mut bytes = [0; 32];
    getrandom::fill(&mut bytes).map_err(|error| {
        LedgerError::new(LedgerErrorKind::Io, format!("no randomness: {error}"))
    })?;
    Ok(WorkerId(Digest::from(bytes)))
}

fn unexpected(reply: &Option<Reply>) -> LedgerError {
    LedgerError::new(
        LedgerErrorKind::Corrupt,
        format!("unexpected reply of the protocol: {reply:?}"),
    )
}
