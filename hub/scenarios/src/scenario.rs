//! What a workflow brings along.

use std::fmt;
use std::path::Path;
use std::sync::Arc;

use serde_json::Value;
use wingman_governance::audit::trace::Trace;
use wingman_governance::governor::Governor;

use crate::approver::Answers;
use crate::report::Outcome;
use crate::run::RunError;

/// A workflow that [`Run`](crate::Run) starts, feeds and waits for.
pub trait Scenario: fmt::Debug + Send + Sync {
    /// As `--scenario` names it.
    fn name(&self) -> &'static str;

    /// What is scripted and what is real, in a sentence or two.
    fn introduction(&self) -> &'static str;

    /// What is asked for, in words and in the order of publication; the first is number 1.
    fn requests(&self) -> &'static [&'static str];

    /// The event that begins a request. `run` is a text that no other run on the ledger has.
    fn begin(&self, number: usize, run: &str) -> Begin;

    /// Every handler, in the order in which people read them.
    fn handlers(&self) -> &'static [&'static str];

    /// Every event type; each has a topic of its name.
    fn event_types(&self) -> &'static [&'static str];

    /// What a run's folder holds.
    fn files(&self) -> Files;

    /// Gives a governor the tools, which work in the folder `work`, and the handlers.
    ///
    /// # Errors
    /// [`RunError`] if this machine lacks what a tool needs.
    fn govern(&self, governor: Governor, work: &Path) -> Result<Governor, RunError>;

    /// Who answers plans when no person does; `None` where nobody is ever asked.
    fn script(&self) -> Option<Arc<dyn Answers>>;

    /// How a request ended, from what its tree holds.
    fn outcome(&self, trace: &Trace) -> Outcome;

    /// Event types by which a handler that finished says no.
    fn refusal_types(&self) -> &'static [&'static str];
}

/// How a request begins.
#[derive(Debug, Clone, PartialEq)]
pub struct Begin {
    /// The type of its first event.
    pub event_type: &'static str,
    /// The body.
    pub body: Value,
    /// Its number among those that a `sequence` rule counts.
    pub sequence: Option<u32>,
    /// The next request is published only after a handler's gate has seen this one.
    pub arrives_first: bool,
}

/// What a run's folder holds: names and contents.
#[derive(Debug, Clone, Copy)]
pub struct Files {
    /// The contracts, below `contracts`; what a person edited is kept.
    pub contracts: &'static [(&'static str, &'static str)],
    /// Folders below `work`.
    pub folders: &'static [&'static str],
    /// Files below `work` that each run begins with.
    pub work: &'static [(&'static str, &'static str)],
    /// Files below `work` that runs make; removed before the next one.
    pub made: &'static [&'static str],
}
