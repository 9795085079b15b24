//! What a command ends with when it cannot do its work: what was wrong, and what to do.

use std::fmt;

use wingman_hub::Kind;
use wingman_hub::governance::ledger::{LedgerError, LedgerErrorKind};

/// Why a command failed.
#[derive(Debug)]
pub(crate) struct Problem {
    what: String,
    remedy: Option<String>,
    code: u8,
}

impl Problem {
    /// Something outside went wrong: exit code 1.
    pub(crate) fn new(what: impl fmt::Display) -> Self {
        Self { what: what.to_string(), remedy: None, code: 1 }
    }

    /// What was asked makes no sense: exit code 2.
    pub(crate) fn usage(what: impl fmt::Display) -> Self {
        Self { code: 2, ..Self::new(what) }
    }

    /// Says what to do.
    pub(crate) fn remedy(mut self, remedy: impl fmt::Display) -> Self {
        self.remedy = Some(remedy.to_string());
        self
    }

    pub(crate) fn exit_code(&self) -> u8 {
        self.code
    }
}

impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "error: {}", self.what)?;
        match &self.remedy {
            Some(remedy) => write!(f, "\n  help: {remedy}"),
            None => Ok(()),
        }
    }
}

impl From<LedgerError> for Problem {
    fn from(error: LedgerError) -> Self {
        match error.kind() {
            LedgerErrorKind::Url => Self::usage(error),
            LedgerErrorKind::Missing
            | LedgerErrorKind::Full
            | LedgerErrorKind::Lost
            | LedgerErrorKind::Version
            | LedgerErrorKind::Corrupt
            | LedgerErrorKind::Busy
            | LedgerErrorKind::Io
            | LedgerErrorKind::Closed
            | LedgerErrorKind::Refused => Self::new(error),
        }
    }
}

impl From<wingman_hub::Error> for Problem {
    fn from(error: wingman_hub::Error) -> Self {
        if matches!(error.kind(), Kind::Configuration | Kind::Unsupported) {
            return Self::usage(error);
        }
        Self::new(error)
    }
}

impl From<std::io::Error> for Problem {
    fn from(error: std::io::Error) -> Self {
        Self::new(error)
    }
}

impl From<serde_json::Error> for Problem {
    fn from(error: serde_json::Error) -> Self {
        Self::new(error)
    }
}
