//! One run: start the seven handlers, publish the requests, wait until every tree is settled.

use std::fmt;
use std::net::{Ipv4Addr, SocketAddr, TcpListener};
use std::sync::Arc;
use std::time::Duration;

use wingman_core::bus::Bus;
use wingman_core::event::{CloudEvent, extension};
use wingman_governance::Mode;
use wingman_governance::audit::SigningKey;
use wingman_governance::contract::{ContractErrors, Contracts};
use wingman_governance::governor::{Governor, Running, StartError, open_in};
use wingman_governance::handshake::Approver;
use wingman_governance::ledger::LedgerError;
use wingman_governance::protocol::input::Published;

use super::approver::{Answers, answer_all};
use super::folder::{APPROVER, Folder};
use super::interpret::REQUESTS;
use super::report::Report;
use super::tools::{FileAction, FileTool, Notify};
use super::{events, handlers};

/// The handlers A to G.
pub const HANDLERS: [&str; 7] = [
    "scope-filter",
    "permission-boundary-filter",
    "execution-proposal-generator",
    "responsibility-handshake",
    handlers::EXECUTOR,
    "audit-stamp-recorder",
    "rollback-covenant-manager",
];

/// How often it is asked whether the trees are settled.
const LOOK_EVERY: Duration = Duration::from_millis(20);

/// A run that has started.
#[derive(Debug)]
pub struct AgentLoop {
    running: Running,
    contracts: Arc<Contracts>,
    approver: Arc<Approver>,
}

impl AgentLoop {
    /// Starts the handlers on a bus, with the ledger at a URL, in a mode.
    ///
    /// # Errors
    /// [`LoopError`] says what is wrong with contracts, ledger or broker.
    pub async fn start(
        bus: Bus,
        ledger_url: &str,
        folder: &Folder,
        key: SigningKey,
        mode: Mode,
    ) -> Result<Self, LoopError> {
        let contracts =
            Arc::new(Contracts::load(folder.contracts()).map_err(LoopError::Contracts)?);
        let governor = governor(bus, ledger_url, folder, Arc::clone(&contracts))?.mode(mode);
        let running = governor.start().await.map_err(LoopError::Start)?;
        let approver = Arc::new(Approver::new(APPROVER, key));
        Ok(Self { running, contracts, approver })
    }

    /// The governor that runs it.
    pub fn running(&self) -> &Running {
        &self.running
    }

    /// Publishes the five requests at once and returns when every tree is settled, or after
    /// `within` with what is still open.
    ///
    /// # Errors
    /// [`LoopError`]; [`LoopError::Open`] names what did not come to rest.
    pub async fn run(
        &self,
        answers: Arc<dyn Answers>,
        within: Duration,
    ) -> Result<Report, LoopError> {
        let mut correlations = Vec::new();
        for number in 1..=REQUESTS.len() {
            correlations.push(self.publish(number).await?);
        }
        let ledger = self.running.ledger().clone();
        let approver = Arc::clone(&self.approver);
        let contracts = Arc::clone(&self.contracts);
        tokio::select! {
            answered = answer_all(ledger, contracts, approver, answers) => answered?,
            settled = self.settled(&correlations, within) => settled?,
        }
        Ok(Report::read(&self.running.ledger().reader(), &correlations)?)
    }

    /// Drains and leaves the ledger.
    pub async fn stop(self) {
        self.running.stop().await;
    }

    async fn publish(&self, number: usize) -> Result<String, LoopError> {
        let correlation = self.running.ledger().new_correlation()?;
        let body = events::UserRequestReceived {
            number: u32::try_from(number).unwrap_or(u32::MAX),
            text: REQUESTS[number - 1].to_owned(),
        };
        let data =
            serde_json::to_vec(&body).map_err(|error| LoopError::Event(error.to_string()))?;
        let made = || -> wingman_core::Result<CloudEvent> {
            let mut event =
                CloudEvent::new(correlation.as_str(), "/demo/person", "UserRequestReceived")?;
            event.set_extension(extension::CORRELATION, correlation.as_str())?;
            event.set_extension(extension::PARTITION_KEY, correlation.as_str())?;
            event.time = Some(self.running.ledger().now());
            Ok(event.with_json(data))
        };
        let event = made().map_err(|error| LoopError::Event(error.to_string()))?;
        match self.running.publish(event).await? {
            Published::Recorded(_) | Published::Known => Ok(correlation),
            Published::Refused { detail, .. } => Err(LoopError::Event(detail)),
        }
    }

    async fn settled(&self, correlations: &[String], within: Duration) -> Result<(), LoopError> {
        let deadline = tokio::time::Instant::now() + within;
        let reader = self.running.ledger().reader();
        loop {
            let mut open = Vec::new();
            for correlation in correlations {
                let left = open_in(&reader, &self.contracts, &HANDLERS, correlation)?;
                if !left.is_settled() {
                    open.push(format!("{correlation}: {left:?}"));
                }
            }
            if open.is_empty() {
                return Ok(());
            }
            if tokio::time::Instant::now() >= deadline {
                return Err(LoopError::Open(open));
            }
            tokio::time::sleep(LOOK_EVERY).await;
        }
    }
}

fn governor(
    bus: Bus,
    ledger_url: &str,
    folder: &Folder,
    contracts: Arc<Contracts>,
) -> Result<Governor, LoopError> {
    let files = |action| FileTool { folder: folder.work(), action };
    Ok(Governor::around(bus, ledger_url)
        .contracts(contracts)
        .tool("fs.create", files(FileAction::Create))
        .tool("fs.write", files(FileAction::Write))
        .tool("fs.remove", files(FileAction::Remove))
        .tool("notify.send", Notify { address: closed_port()? })
        .handle(HANDLERS[0], handlers::scope_filter)
        .handle(HANDLERS[1], handlers::permission_boundary_filter)
        .handle(HANDLERS[2], handlers::execution_proposal_generator)
        .handle(HANDLERS[3], handlers::responsibility_handshake)
        .handle(HANDLERS[4], handlers::tool_executor)
        .handle(HANDLERS[5], handlers::audit_stamp_recorder)
        .handle(HANDLERS[6], handlers::rollback_covenant_manager))
}

/// An address of this machine where nobody listens: the notifier's receiver is down.
fn closed_port() -> Result<SocketAddr, LoopError> {
    TcpListener::bind((Ipv4Addr::LOCALHOST, 0))
        .and_then(|listener| listener.local_addr())
        .map_err(|error| LoopError::Event(format!("no free port on this machine: {error}")))
}

/// Why a run did not come to its end.
#[derive(Debug)]
pub enum LoopError {
    /// The contracts are wrong.
    Contracts(ContractErrors),
    /// The governor did not start.
    Start(StartError),
    /// The ledger failed.
    Ledger(LedgerError),
    /// A request could not be published.
    Event(String),
    /// Trees that did not come to rest in time, and what is open in each.
    Open(Vec<String>),
}

impl From<LedgerError> for LoopError {
    fn from(error: LedgerError) -> Self {
        Self::Ledger(error)
    }
}

impl fmt::Display for LoopError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Contracts(errors) => write!(f, "{errors}"),
            Self::Start(error) => write!(f, "{error}"),
            Self::Ledger(error) => write!(f, "{error}"),
            Self::Event(why) => write!(f, "a request was not published: {why}"),
            Self::Open(trees) => write!(f, "not settled in time: {}", trees.join("; ")),
        }
    }
}

impl std::error::Error for LoopError {}
