//! One run: start the handlers, publish the requests, wait until every tree is settled.

use std::fmt;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use tokio::time::Instant;
use wingman_core::bus::Bus;
use wingman_core::event::{CloudEvent, extension};
use wingman_governance::Mode;
use wingman_governance::contract::{ContractErrors, Contracts};
use wingman_governance::governor::{Governor, Open, Running, StartError, open_in};
use wingman_governance::handshake::Approver;
use wingman_governance::ledger::LedgerError;
use wingman_governance::protocol::input::Published;

use crate::approver::{Answers, answer_all};
use crate::folder::Folder;
use crate::report::Report;
use crate::scenario::{Begin, Scenario};

/// How often it is asked whether something has come about.
const LOOK_EVERY: Duration = Duration::from_millis(20);

/// A run that has started.
#[derive(Debug)]
pub struct Run {
    scenario: &'static dyn Scenario,
    running: Running,
    contracts: Arc<Contracts>,
    approver: Option<Arc<Approver>>,
}

impl Run {
    /// Starts a scenario's handlers on a bus, with the ledger at a URL, in a mode.
    ///
    /// # Errors
    /// [`RunError`] says what is wrong with contracts, ledger or broker.
    pub async fn start(
        scenario: &'static dyn Scenario,
        bus: Bus,
        ledger_url: &str,
        folder: &Folder,
        mode: Mode,
    ) -> Result<Self, RunError> {
        let contracts = Arc::new(Contracts::load(folder.contracts()).map_err(RunError::Contracts)?);
        let is_missing = |name: &&&str| contracts.handler(name).is_none();
        if let Some(handler) = scenario.handlers().iter().find(is_missing) {
            let (handler, folder) = ((*handler).to_owned(), folder.contracts().to_owned());
            return Err(RunError::OtherContracts { scenario: scenario.name(), handler, folder });
        }
        let governor =
            Governor::around(bus, ledger_url).mode(mode).contracts(Arc::clone(&contracts));
        let governor = scenario.govern(governor, &folder.work())?;
        let running = governor.start().await.map_err(RunError::Start)?;
        Ok(Self { scenario, running, contracts, approver: folder.approver().cloned() })
    }

    /// The governor that runs it.
    pub fn running(&self) -> &Running {
        &self.running
    }

    /// Publishes the requests and returns when every tree is settled, or after `within` with what
    /// is still open. Plans are answered by `answers`; without, nobody answers.
    ///
    /// # Errors
    /// [`RunError`]; [`RunError::Open`] names what did not come to rest.
    pub async fn run(
        &self,
        answers: Option<Arc<dyn Answers>>,
        within: Duration,
    ) -> Result<Report, RunError> {
        let deadline = Instant::now() + within;
        let name = self.running.ledger().new_correlation()?;
        let mut correlations = Vec::new();
        for number in 1..=self.scenario.requests().len() {
            let begin = self.scenario.begin(number, &name);
            let correlation = self.publish(&begin).await?;
            if begin.arrives_first {
                self.arrived(&correlation, deadline).await?;
            }
            correlations.push(correlation);
        }
        let ledger = self.running.ledger().clone();
        let contracts = Arc::clone(&self.contracts);
        match (answers, self.approver.clone()) {
            (Some(answers), Some(approver)) => tokio::select! {
                answered = answer_all(ledger, contracts, approver, answers) => answered?,
                settled = self.settled(&correlations, deadline) => settled?,
            },
            (Some(_), None) | (None, _) => self.settled(&correlations, deadline).await?,
        }
        Ok(Report::read(self.scenario, &self.running.ledger().reader(), &correlations)?)
    }

    /// Drains and leaves the ledger.
    pub async fn stop(self) {
        self.running.stop().await;
    }

    async fn publish(&self, begin: &Begin) -> Result<String, RunError> {
        let correlation = self.running.ledger().new_correlation()?;
        let made = || -> wingman_core::Result<CloudEvent> {
            let mut event =
                CloudEvent::new(correlation.as_str(), "/demo/person", begin.event_type)?;
            event.set_extension(extension::CORRELATION, correlation.as_str())?;
            event.set_extension(extension::PARTITION_KEY, correlation.as_str())?;
            if let Some(sequence) = begin.sequence {
                event.set_extension(extension::SEQUENCE, sequence.to_string())?;
            }
            event.time = Some(self.running.ledger().now());
            Ok(event.with_json(begin.body.to_string()))
        };
        let event = made().map_err(|error| RunError::Event(error.to_string()))?;
        match self.running.publish(event).await? {
            Published::Recorded(_) | Published::Known => Ok(correlation),
            Published::Refused { detail, .. } => Err(RunError::Event(detail)),
        }
    }

    /// Waits until a handler's gate has seen a request.
    async fn arrived(&self, correlation: &str, deadline: Instant) -> Result<(), RunError> {
        let reader = self.running.ledger().reader();
        while reader.executions_in(correlation)?.is_empty() {
            if Instant::now() >= deadline {
                return Err(RunError::Open(vec![format!("{correlation}: not delivered")]));
            }
            tokio::time::sleep(LOOK_EVERY).await;
        }
        Ok(())
    }

    async fn settled(&self, correlations: &[String], deadline: Instant) -> Result<(), RunError> {
        let reader = self.running.ledger().reader();
        loop {
            let mut open = Vec::new();
            for correlation in correlations {
                let left: Open =
                    open_in(&reader, &self.contracts, self.scenario.handlers(), correlation)?;
                if !left.is_settled() {
                    open.push(format!("{correlation}: {left:?}"));
                }
            }
            if open.is_empty() {
                return Ok(());
            }
            if Instant::now() >= deadline {
                return Err(RunError::Open(open));
            }
            tokio::time::sleep(LOOK_EVERY).await;
        }
    }
}

/// Why a run did not come to its end.
#[derive(Debug)]
pub enum RunError {
    /// The contracts are wrong.
    Contracts(ContractErrors),
    /// The contracts are not those of this scenario.
    OtherContracts {
        /// Which scenario.
        scenario: &'static str,
        /// A handler of it that they do not name.
        handler: String,
        /// Where they are.
        folder: PathBuf,
    },
    /// The governor did not start.
    Start(StartError),
    /// The ledger failed.
    Ledger(LedgerError),
    /// A request could not be published.
    Event(String),
    /// This machine lacks what a tool needs.
    Tool(String),
    /// Trees that did not come to rest in time, and what is open in each.
    Open(Vec<String>),
}

impl From<LedgerError> for RunError {
    fn from(error: LedgerError) -> Self {
        Self::Ledger(error)
    }
}

impl fmt::Display for RunError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Contracts(errors) => write!(f, "{errors}"),
            Self::OtherContracts { scenario, handler, folder } => write!(
                f,
                "{} has no contract for {handler} of the scenario {scenario}: name the scenario that \
                 made the folder (--scenario), choose another --out, or add a document \
                 `handler: {handler}`",
                folder.display()
            ),
            Self::Start(error) => write!(f, "{error}"),
            Self::Ledger(error) => write!(f, "{error}"),
            Self::Event(why) => write!(f, "a request was not published: {why}"),
            Self::Tool(why) => write!(f, "a tool cannot work: {why}"),
            Self::Open(trees) => write!(f, "not settled in time: {}", trees.join("; ")),
        }
    }
}

impl std::error::Error for RunError {}
