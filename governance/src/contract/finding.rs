//! What a linter has to say about contracts: errors and warnings in one shape.

use std::fmt;

use serde::Serialize;

use super::error::{ContractError, ContractErrorKind};
use super::place::Place;

/// How much a finding matters.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Severity {
    /// Something can never work as it is written.
    Error,
    /// It works, and is probably not meant.
    Warning,
}

impl Severity {
    /// The word for people and programs.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Error => "error",
            Self::Warning => "warning",
        }
    }
}

/// What kind of finding it is. Programs act on this, never on the text.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum FindingKind {
    /// A mistake for which the set is not loaded.
    Mistake(ContractErrorKind),
    /// A type is consumed, and none of its producers emits it.
    NoProducer,
    /// No way leads from an external type to a handler: it never runs.
    Unreachable,
    /// No handler makes one step of a chain from the step before: what is judged by it never runs.
    BrokenChain,
    /// Nobody consumes a type, and its contract does not say that nobody shall.
    NoConsumer,
    /// A type names a producer that does not emit it.
    IdleProducer,
    /// A type names a consumer that does not consume it.
    IdleConsumer,
    /// A cascade can come back to where it began.
    Loop,
    /// An event type has no purpose.
    NoPurpose,
    /// A handler has no mission (P-01).
    NoMission,
    /// A grant is wider than the scope (P-02).
    WiderThanScope,
    /// Approvals are asked for and no principals are declared.
    NoPrincipals,
}

impl FindingKind {
    /// Whether it is an error or a warning.
    pub const fn severity(self) -> Severity {
        match self {
            Self::Mistake(_) | Self::NoProducer | Self::Unreachable | Self::BrokenChain => {
                Severity::Error
            }
            Self::NoConsumer
            | Self::IdleProducer
            | Self::IdleConsumer
            | Self::Loop
            | Self::NoPurpose
            | Self::NoMission
            | Self::WiderThanScope
            | Self::NoPrincipals => Severity::Warning,
        }
    }

    /// The word for programs.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Mistake(kind) => kind.as_str(),
            Self::NoProducer => "no_producer",
            Self::Unreachable => "unreachable",
            Self::BrokenChain => "broken_chain",
            Self::NoConsumer => "no_consumer",
            Self::IdleProducer => "idle_producer",
            Self::IdleConsumer => "idle_consumer",
            Self::Loop => "loop",
            Self::NoPurpose => "no_purpose",
            Self::NoMission => "no_mission",
            Self::WiderThanScope => "wider_than_scope",
            Self::NoPrincipals => "no_principals",
        }
    }
}

/// One thing that is wrong or doubtful.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Finding {
    /// What kind of finding it is.
    pub kind: FindingKind,
    /// Where it was written.
    pub place: Place,
    /// What is wrong or doubtful.
    pub what: String,
    /// What to do about it.
    pub remedy: String,
}

impl From<&ContractError> for Finding {
    fn from(error: &ContractError) -> Self {
        let ContractError { kind, place, what, remedy } = error.clone();
        Self { kind: FindingKind::Mistake(kind), place, what, remedy }
    }
}

impl fmt::Display for Finding {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}; {}", self.place, self.what, self.remedy)
    }
}
