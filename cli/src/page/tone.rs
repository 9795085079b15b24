//! How something ended, as one accent of the page; always with its word, never by colour alone.

use maud::{Markup, html};
use wingman_hub::governance::audit::trace::Trace;
use wingman_hub::governance::protocol::row::{
    EffectState, FenceState, OutboxState, Phase, Resolution,
};
use wingman_scenarios::Outcome;

/// How something ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Tone {
    /// As it was meant.
    Done,
    /// Not yet.
    Open,
    /// Undone.
    Undone,
    /// It happened, and a gate would have refused it.
    Would,
    /// Somebody or something declined.
    Refused,
    /// Given up on.
    Lost,
}

impl Tone {
    /// Where an execution stands.
    pub(crate) const fn of_phase(phase: &Phase) -> Self {
        match phase {
            Phase::Finished => Self::Done,
            Phase::Waiting
            | Phase::Started { .. }
            | Phase::Retrying { .. }
            | Phase::Parked { .. } => Self::Open,
            Phase::Refused { .. } => Self::Refused,
            Phase::Expired | Phase::DeadLettered { .. } => Self::Lost,
        }
    }

    /// Where an effect stands.
    pub(crate) const fn of_effect(state: &EffectState) -> Self {
        match state {
            EffectState::Applied => Self::Done,
            EffectState::Void
            | EffectState::Registered
            | EffectState::Unknown
            | EffectState::Pending { .. }
            | EffectState::Compensating { .. } => Self::Open,
            EffectState::Compensated
            | EffectState::Resolved { resolution: Resolution::Undone, .. } => Self::Undone,
            EffectState::Quarantined
            | EffectState::Resolved { resolution: Resolution::Accepted, .. } => Self::Lost,
        }
    }

    /// Where the publication of an event stands.
    pub(crate) const fn of_outbox(state: OutboxState) -> Self {
        match state {
            OutboxState::Published => Self::Done,
            OutboxState::Unpublished | OutboxState::Publishing => Self::Open,
            OutboxState::Withheld => Self::Undone,
            OutboxState::Undeliverable => Self::Lost,
        }
    }

    /// How a request of a scenario ended.
    pub(crate) const fn of_outcome(outcome: Outcome) -> Self {
        match outcome {
            Outcome::Completed => Self::Done,
            Outcome::Rejected | Outcome::Denied | Outcome::Blocked | Outcome::Refused => {
                Self::Refused
            }
            Outcome::RolledBack => Self::Undone,
            Outcome::Partial => Self::Lost,
            Outcome::Unfinished => Self::Open,
        }
    }

    /// How a whole tree stands, in its word.
    pub(crate) fn of_tree(trace: &Trace) -> (Self, &'static str) {
        match trace.fence {
            Some(FenceState::Closed) => (Self::Undone, "undone"),
            Some(FenceState::Stuck) => (Self::Lost, "stuck"),
            Some(FenceState::Open) => (Self::Open, "being undone"),
            None if trace.executions().iter().all(|it| it.phase.is_outcome()) => {
                (Self::Done, "settled")
            }
            None => (Self::Open, "open"),
        }
    }

    /// Whether a check held.
    pub(crate) const fn of_verdict(is_sound: bool) -> Self {
        if is_sound { Self::Done } else { Self::Lost }
    }

    /// Its class in the style sheet.
    pub(crate) const fn class(self) -> &'static str {
        match self {
            Self::Done => "done",
            Self::Open => "open",
            Self::Undone => "undone",
            Self::Would => "would",
            Self::Refused => "refused",
            Self::Lost => "lost",
        }
    }

    /// A word in its accent.
    pub(crate) fn badge(self, word: &str) -> Markup {
        html! { span class={ "badge " (self.class()) } { (word) } }
    }
}
