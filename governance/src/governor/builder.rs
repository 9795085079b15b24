//! Putting a governed process together, and refusing to start one that breaks its contracts.

use std::collections::BTreeMap;
use std::fmt;
use std::future::Future;
use std::path::Path;
use std::sync::Arc;

use wingman_core::bus::{Bus, Queue, SubscriptionOptions};
use wingman_core::handler::{Handler, IntoHandler};

use super::queue;
use super::running::Running;
use crate::contract::{ContractErrors, Contracts, HandlerContract, Level};
use crate::ledger::{CheckpointEvery, Gaps, LedgerError};
use crate::permission::{Tool, ToolRegistry};
use crate::protocol::settings::{Mode, Settings};

/// What a program changes of how handlers subscribe.
pub(super) type Adjust = Arc<dyn Fn(&mut SubscriptionOptions) + Send + Sync>;

/// Wires contracts, ledger and tools around a bus, in a [`Mode`]: enforce unless said otherwise.
#[derive(Clone)]
pub struct Governor {
    pub(super) url: String,
    pub(super) bus: Bus,
    pub(super) contracts: Result<Arc<Contracts>, Arc<ContractErrors>>,
    pub(super) settings: Settings,
    pub(super) tools: ToolRegistry,
    pub(super) adjust: Adjust,
    pub(super) handlers: BTreeMap<String, Arc<dyn Handler>>,
    /// By handler: those that take from what a team has.
    pub(super) queues: BTreeMap<String, Queue>,
    pub(super) gaps: Gaps,
    pub(super) checkpoint_every: CheckpointEvery,
    pub(super) ledger_bytes_max: Option<u64>,
}

impl fmt::Debug for Governor {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Governor")
            .field("ledger", &self.url)
            .field("tools", &self.tools)
            .field("handlers", &self.handlers.keys())
            .finish_non_exhaustive()
    }
}

impl Governor {
    /// A governor around a bus, with its ledger at a URL: `sqlite://PATH`. The ledger is created at
    /// start if it is missing.
    pub fn around(bus: Bus, ledger_url: &str) -> Self {
        Self {
            url: ledger_url.to_owned(),
            bus,
            contracts: Contracts::builder().build().map(Arc::new).map_err(Arc::new),
            settings: Settings::default(),
            tools: ToolRegistry::default(),
            adjust: Arc::new(|_| {}),
            handlers: BTreeMap::new(),
            queues: BTreeMap::new(),
            gaps: Gaps::default(),
            checkpoint_every: CheckpointEvery::default(),
            ledger_bytes_max: None,
        }
    }

    /// Enforces these contracts.
    #[must_use]
    pub fn contracts(mut self, contracts: Arc<Contracts>) -> Self {
        self.contracts = Ok(contracts);
        self
    }

    /// Enforces the contracts of a folder; what is wrong with them is an error of the start.
    #[must_use]
    pub fn contracts_in(mut self, folder: impl AsRef<Path>) -> Self {
        self.contracts = Contracts::load(folder).map(Arc::new).map_err(Arc::new);
        self
    }

    /// Replaces mode and bounds of the protocol.
    #[must_use]
    pub fn settings(mut self, settings: Settings) -> Self {
        self.settings = settings;
        self
    }

    /// What becomes of what the engines refuse. In [`Mode::Observe`] it is stamped (`would_refuse`), and
    /// happens all the same; what keeps the ledger true is enforced in both modes.
    #[must_use]
    pub fn mode(mut self, mode: Mode) -> Self {
        self.settings.mode = mode;
        self
    }

    /// Adds a tool; contracts grant tools by name.
    #[must_use]
    pub fn tool(mut self, name: &str, tool: impl Tool) -> Self {
        self.tools.add(name, Arc::new(tool));
        self
    }

    /// Adjusts how every handler subscribes, such as what may be in flight, or the lease: how long
    /// the broker leaves a delivery to a process that says nothing any more. Topics, group, retries
    /// and run time are the contracts' and stay.
    #[must_use]
    pub fn subscriptions(
        mut self,
        adjust: impl Fn(&mut SubscriptionOptions) + Send + Sync + 'static,
    ) -> Self {
        self.adjust = Arc::new(adjust);
        self
    }

    /// Adds the handler of a contract.
    #[must_use]
    pub fn handle<A>(mut self, name: &str, handler: impl IntoHandler<A>) -> Self {
        self.handlers.insert(name.to_owned(), handler.into_handler());
        self
    }

    /// Adds the handler of a contract that consumes what a team's queue carries, as it stands: one type,
    /// whose producer is external (R12).
    #[must_use]
    pub fn handle_on<A>(self, queue: &Queue, name: &str, handler: impl IntoHandler<A>) -> Self {
        let mut this = self.handle(name, handler);
        this.queues.insert(name.to_owned(), queue.clone());
        this
    }

    /// Replaces when checkpoints are written.
    #[must_use]
    pub fn checkpoint_every(mut self, every: CheckpointEvery) -> Self {
        self.checkpoint_every = every;
        self
    }

    /// The size in bytes that the ledger may reach; a full ledger stops all work (G1).
    #[must_use]
    pub fn ledger_bytes_max(mut self, bytes_max: u64) -> Self {
        self.ledger_bytes_max = Some(bytes_max);
        self
    }

    /// Calls this at the protocol's named gaps; for tests that stop a process there.
    #[must_use]
    pub fn gaps(mut self, gaps: Gaps) -> Self {
        self.gaps = gaps;
        self
    }

    /// Checks everything, opens the ledger, joins it as a worker, and subscribes every handler.
    ///
    /// # Errors
    /// [`StartError`] names the handler, contract or ledger that stands in the way.
    pub async fn start(self) -> Result<Running, StartError> {
        let contracts = self.contracts.clone().map_err(StartError::Contracts)?;
        for (name, handler) in &self.handlers {
            check(&contracts, &self, name, &**handler)?;
            if let Some(queue) = self.queues.get(name) {
                queue::check(&contracts, name, queue)?;
            }
        }
        queue::check_apart(&self.queues)?;
        Running::start(self, contracts).await
    }

    /// Runs until the future ends, then drains.
    ///
    /// # Errors
    /// [`StartError`], as [`Governor::start`].
    pub async fn run_until(self, shutdown: impl Future<Output = ()>) -> Result<(), StartError> {
        let running = self.start().await?;
        shutdown.await;
        running.stop().await;
        Ok(())
    }
}

/// A handler without a contract does not start: there is nothing to judge it by. One that does not fit
/// its contract does not start in enforce mode.
fn check(
    contracts: &Contracts,
    governor: &Governor,
    name: &str,
    handler: &dyn Handler,
) -> Result<(), StartError> {
    let handler_of = |(why, remedy)| {
        let handler = name.to_owned();
        StartError::Handler { handler, why, remedy }
    };
    let Some(contract) = contracts.handler(name) else {
        let why = "it has no contract".to_owned();
        return Err(handler_of((why, format!("add a document `handler: {name}`"))));
    };
    match (
        unfit(contracts, contract, &governor.tools, handler).map(handler_of),
        governor.settings.mode,
    ) {
        (None, _) => Ok(()),
        (Some(error), Mode::Enforce) => Err(error),
        (Some(error), Mode::Observe) => {
            tracing::warn!(%error, "Handler would not start in enforce mode");
            Ok(())
        }
    }
}

/// How a handler does not fit its contract, and what to do: its types say that it does more than the
/// contract allows (P-01), or a granted tool is missing, or cannot undo what an event promises (P-06).
fn unfit(
    contracts: &Contracts,
    contract: &HandlerContract,
    tools: &ToolRegistry,
    handler: &dyn Handler,
) -> Option<(String, String)> {
    let signature = handler.signature();
    if let Some(ty) = signature.consumes.iter().find(|ty| !contract.consumes.contains(**ty)) {
        return Some((
            format!("it takes {ty}, which its contract does not consume"),
            format!("add {ty} to `consumes`, or take another event"),
        ));
    }
    let emits = signature.emits.unwrap_or_default();
    if let Some(ty) = emits.iter().find(|ty| !contract.emits.contains(**ty)) {
        return Some((
            format!("it can emit {ty}, which its contract does not declare"),
            format!("add {ty} to `emits`, or return something else"),
        ));
    }
    let built_in = crate::rollback::TOOL;
    for (tool, _) in contract.granted().filter(|(tool, _)| *tool != built_in) {
        let Some(registered) = tools.get(tool) else {
            return Some((
                format!("its contract grants the tool {tool}, which this process does not have"),
                "register the tool, or take it out of `tools`".to_owned(),
            ));
        };
        let promised = contract.consumes.iter().find(|event| contracts.is_compensatable(event));
        if let Some(event) = promised
            && registered.level() > Level::Read
            && !registered.can_undo()
        {
            return Some((
                format!("its tool {tool} cannot undo, and event {event} is compensatable (P-06)"),
                format!("say `rollback: {{ kind: irreversible }}` in {event}, or drop the tool"),
            ));
        }
    }
    None
}

/// Why a governor did not start.
#[derive(Debug)]
#[non_exhaustive]
pub enum StartError {
    /// The contracts are wrong.
    Contracts(Arc<ContractErrors>),
    /// A handler does not fit its contract.
    Handler {
        /// Which.
        handler: String,
        /// What does not fit.
        why: String,
        /// What to do.
        remedy: String,
    },
    /// The ledger did not open or take the worker.
    Ledger(LedgerError),
    /// The bus did not subscribe.
    Bus(wingman_core::Error),
}

impl fmt::Display for StartError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Contracts(errors) => write!(f, "{errors}"),
            Self::Handler { handler, why, remedy } => {
                write!(f, "handler {handler}: {why}; {remedy}")
            }
            Self::Ledger(error) => write!(f, "{error}"),
            Self::Bus(error) => write!(f, "{error}"),
        }
    }
}

impl std::error::Error for StartError {}

impl From<LedgerError> for StartError {
    fn from(error: LedgerError) -> Self {
        Self::Ledger(error)
    }
}

impl From<wingman_core::Error> for StartError {
    fn from(error: wingman_core::Error) -> Self {
        Self::Bus(error)
    }
}
