//! What a run came to, as the ledger tells it.

use serde::Serialize;
use wingman_governance::audit::trace::Trace;
use wingman_governance::ledger::{LedgerError, Reader};
use wingman_governance::protocol::row::{EffectState, Phase, WouldRefuse};

use crate::scenario::Scenario;

/// What a run came to.
#[derive(Debug, Clone, PartialEq)]
pub struct Report {
    /// One for each request, in the order of their ends.
    pub requests: Vec<RequestReport>,
}

/// What one request came to.
#[derive(Debug, Clone, PartialEq)]
pub struct RequestReport {
    /// Which request of the run, from 1.
    pub number: usize,
    /// How it ended.
    pub outcome: Outcome,
    /// Executions that ended in a refusal, or emitted an event that says so.
    pub refusals: usize,
    /// Everything that followed from it.
    pub trace: Trace,
}

/// How a request ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Outcome {
    /// Everything that was to be done is done.
    Completed,
    /// The main thing is done, and something that follows from it is in quarantine.
    Partial,
    /// Found to be out of scope, or untenable, before anything was done.
    Rejected,
    /// P-02 before a plan was made.
    Denied,
    /// P-04: nobody took responsibility.
    Blocked,
    /// It failed, and what was done is undone.
    RolledBack,
    /// The gate or the tools refused it where it would have had its effect.
    Refused,
    /// None of these: something is open or was given up on.
    Unfinished,
}

impl Outcome {
    /// As the transcript writes it.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Completed => "COMPLETED",
            Self::Partial => "PARTIAL",
            Self::Rejected => "REJECTED",
            Self::Denied => "DENIED",
            Self::Blocked => "BLOCKED",
            Self::RolledBack => "ROLLED BACK",
            Self::Refused => "REFUSED",
            Self::Unfinished => "UNFINISHED",
        }
    }
}

impl Report {
    /// Reads it from the ledger.
    pub(crate) fn read(
        scenario: &dyn Scenario,
        reader: &Reader,
        correlations: &[String],
    ) -> Result<Self, LedgerError> {
        let mut requests = Vec::new();
        for (at, correlation) in correlations.iter().enumerate() {
            let trace = Trace::read(reader, correlation)?;
            let outcome = scenario.outcome(&trace);
            let refusals = refusals(scenario, &trace);
            requests.push(RequestReport { number: at + 1, outcome, refusals, trace });
        }
        requests.sort_by_key(|request| request.trace.span_millis.1);
        Ok(Self { requests })
    }
}

impl RequestReport {
    /// What would have been refused, had the run not only observed: by whom, and what.
    pub fn would_refuse(&self) -> Vec<(&str, &WouldRefuse)> {
        let executions = self.trace.executions();
        let all = executions.into_iter();
        all.flat_map(|it| it.would_refuse.iter().map(|what| (it.handler.as_str(), what))).collect()
    }

    /// Effects that were undone.
    pub fn compensations(&self) -> usize {
        let executions = self.trace.executions();
        let effects = executions.iter().flat_map(|it| &it.effects);
        effects.filter(|it| it.state == EffectState::Compensated).count()
    }
}

fn refusals(scenario: &dyn Scenario, trace: &Trace) -> usize {
    let refused = |phase: &Phase| matches!(phase, Phase::Refused { .. });
    let said = scenario.refusal_types();
    trace.executions().iter().filter(|it| refused(&it.phase)).count()
        + trace.events().iter().filter(|it| said.contains(&it.event_type.as_str())).count()
}
