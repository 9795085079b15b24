//! The bus behind a governor, as what runs the handlers of bus cases: contracts in code, and a
//! ledger that the processes of one case share.

mod contracts;
mod dead_letters;

use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use tempfile::TempDir;
use wingman_conformance::{GivenUp, Harness, Process, Work};
use wingman_core::bus::{Bus, Subscription};
use wingman_core::name::TopicName;
use wingman_core::{Error, Kind, Result};
use wingman_governance::ledger::Reader;
use wingman_governance::protocol::settings::Settings;
use wingman_governance::{Governor, Running, StartError};

/// How often the ledger is asked for dead letters.
const LOOK_EVERY: Duration = Duration::from_millis(10);

/// Governors on one SQLite ledger, in a folder of its own that is removed with it.
#[derive(Debug)]
pub struct GovernedBus {
    folder: TempDir,
}

impl GovernedBus {
    /// A harness for one run of one case.
    ///
    /// # Errors
    /// The folder cannot be made.
    pub fn new() -> std::io::Result<Self> {
        Ok(Self { folder: TempDir::with_prefix("wingman-bus-case-")? })
    }

    /// Where the ledger is.
    pub fn ledger_url(&self) -> String {
        format!("sqlite://{}", self.folder.path().join("ledger.db").display())
    }
}

#[async_trait]
impl Harness for GovernedBus {
    fn name(&self) -> &str {
        "governed"
    }

    fn is_governed(&self) -> bool {
        true
    }

    async fn start(&self, bus: Bus, work: Work) -> Result<Box<dyn Process>> {
        let contracts = contracts::of(&work).map_err(|errors| {
            let text = format!("the case's contracts are wrong: {errors}");
            Error::new(Kind::Configuration, text)
        })?;
        let settings = Settings { hold_max: work.hold_max, ..Settings::default() };
        let (name, code) = (work.handler.clone(), Arc::clone(&work.code));
        let running = Governor::around(bus, &self.ledger_url())
            .contracts(Arc::new(contracts))
            .settings(settings)
            .handle(&name, code)
            .subscriptions(move |options| work.adjust(options))
            .start()
            .await
            .map_err(not_started)?;
        Ok(Box::new(GovernedProcess { running }))
    }

    async fn given_up(
        &self,
        _: &Bus,
        topic: &TopicName,
        count: usize,
        within: Duration,
    ) -> Result<Vec<GivenUp>> {
        let reader = Reader::open(&self.ledger_url()).map_err(unread)?;
        let deadline = tokio::time::Instant::now() + within;
        loop {
            let letters = dead_letters::of(&reader, topic.as_str()).map_err(unread)?;
            if letters.len() >= count || tokio::time::Instant::now() >= deadline {
                return Ok(letters);
            }
            tokio::time::sleep(LOOK_EVERY).await;
        }
    }
}

#[derive(Debug)]
struct GovernedProcess {
    running: Running,
}

#[async_trait]
impl Process for GovernedProcess {
    fn subscription(&self) -> &Subscription {
        // One handler, whose contract was there when it started.
        &self.running.subscriptions()[0]
    }

    async fn stop(self: Box<Self>, grace: Duration) {
        self.running.stop_within(grace).await;
    }
}

/// What the bus refused keeps its kind.
fn not_started(error: StartError) -> Error {
    match error {
        StartError::Bus(error) => error,
        other => Error::new(Kind::Configuration, "the governor did not start").because(other),
    }
}

fn unread(error: wingman_governance::ledger::LedgerError) -> Error {
    Error::new(Kind::Internal, "the ledger cannot be read").because(error)
}
