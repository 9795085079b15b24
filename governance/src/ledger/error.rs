//! What can be wrong with a ledger, and what to do about it.

use std::fmt;

/// What went wrong with a ledger. Programs act on this, never on texts.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum LedgerErrorKind {
    /// There is no ledger where one was expected.
    Missing,
    /// The ledger, or the disk under it, is full: all work stops.
    Full,
    /// The file was deleted or replaced while in use: all work stops.
    Lost,
    /// It was written by another version.
    Version,
    /// It does not hold what it must; nothing inconsistent is ever signed.
    Corrupt,
    /// Another process holds it for longer than the wait allows.
    Busy,
    /// The URL names no ledger that this build knows.
    Url,
    /// The disk or the database failed.
    Io,
    /// The ledger was closed.
    Closed,
    /// What was asked for does not exist or cannot be done in its state.
    Refused,
}

/// An error of the ledger.
#[derive(Debug, Clone)]
pub struct LedgerError {
    kind: LedgerErrorKind,
    message: String,
}

impl LedgerError {
    /// An error of this kind; the message says what was wrong, where, and what to do.
    pub fn new(kind: LedgerErrorKind, message: impl fmt::Display) -> Self {
        Self { kind, message: message.to_string() }
    }

    /// What went wrong.
    pub const fn kind(&self) -> LedgerErrorKind {
        self.kind
    }
}

impl fmt::Display for LedgerError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.message)
    }
}

impl std::error::Error for LedgerError {}
