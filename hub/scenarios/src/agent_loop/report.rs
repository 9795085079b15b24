//! What a run came to, as the ledger tells it.

use serde::Serialize;
use wingman_governance::audit::trace::Trace;
use wingman_governance::ledger::{LedgerError, Reader};
use wingman_governance::protocol::row::{EffectState, FenceState, Phase, WouldRefuse};

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
    /// Everything that followed from it.
    pub trace: Trace,
}

/// How a request ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Outcome {
    /// Done and recorded.
    Completed,
    /// P-01 before a plan was made.
    Rejected,
    /// P-02 before a plan was made.
    Denied,
    /// P-04: nobody took responsibility.
    Blocked,
    /// It failed, and what was done is undone.
    RolledBack,
    /// The gate or the tools refused it at the executor.
    Refused,
    /// None of these: something is open or was given up on.
    Unfinished,
}

impl Outcome {
    /// As the transcript writes it.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Completed => "COMPLETED",
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
    pub(super) fn read(reader: &Reader, correlations: &[String]) -> Result<Self, LedgerError> {
        let mut requests = Vec::new();
        for (at, correlation) in correlations.iter().enumerate() {
            let trace = Trace::read(reader, correlation)?;
            requests.push(RequestReport { number: at + 1, outcome: outcome(&trace), trace });
        }
        requests.sort_by_key(|request| request.trace.span_millis.1);
        Ok(Self { requests })
    }
}

impl RequestReport {
    /// Executions that ended in a refusal, or emitted an event that says so.
    pub fn refusals(&self) -> usize {
        let refused = |phase: &Phase| matches!(phase, Phase::Refused { .. });
        let executions = self.trace.executions();
        let said = ["RequestRejected", "PermissionDenied", "ExecutionBlocked"];
        executions.iter().filter(|it| refused(&it.phase)).count()
            + self.trace.events().iter().filter(|it| said.contains(&it.event_type.as_str())).count()
    }

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

/// The outcome follows from which events the tree holds, and from its fence.
fn outcome(trace: &Trace) -> Outcome {
    if trace.fence == Some(FenceState::Closed) {
        return Outcome::RolledBack;
    }
    let events = trace.events();
    let has = |ty: &str| events.iter().any(|event| event.event_type == ty);
    let by_event = [
        ("ExecutionRecorded", Outcome::Completed),
        ("RequestRejected", Outcome::Rejected),
        ("PermissionDenied", Outcome::Denied),
        ("ExecutionBlocked", Outcome::Blocked),
        ("ExecutionRefused", Outcome::Refused),
    ];
    by_event.into_iter().find(|(ty, _)| has(ty)).map_or(Outcome::Unfinished, |(_, outcome)| outcome)
}
