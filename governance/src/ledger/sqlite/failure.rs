//! SQLite's errors as the ledger's.

use rusqlite::ffi;

use crate::ledger::{LedgerError, LedgerErrorKind};

/// Turns an error of SQLite into one of the ledger; `doing` completes "cannot …".
pub(super) fn failed(doing: &'static str) -> impl Fn(rusqlite::Error) -> LedgerError {
    move |error| {
        let kind = kind_of(&error);
        LedgerError::new(kind, format!("cannot {doing}: {error}{}", remedy(kind)))
    }
}

/// What is stored is not what this version stores.
pub(super) fn corrupt(what: impl std::fmt::Display) -> LedgerError {
    let message =
        format!("the ledger does not hold what it must: {what}; restore it from a backup");
    LedgerError::new(LedgerErrorKind::Corrupt, message)
}

fn kind_of(error: &rusqlite::Error) -> LedgerErrorKind {
    let Some(error) = error.sqlite_error() else {
        // Only a column of another type than the schema's can cause the others.
        return LedgerErrorKind::Corrupt;
    };
    match error.extended_code {
        ffi::SQLITE_READONLY_DBMOVED => LedgerErrorKind::Lost,
        // The shared index beside the log could not grow.
        ffi::SQLITE_IOERR_SHMSIZE => LedgerErrorKind::Full,
        extended => match extended & 0xff {
            ffi::SQLITE_FULL => LedgerErrorKind::Full,
            ffi::SQLITE_CORRUPT | ffi::SQLITE_NOTADB | ffi::SQLITE_CONSTRAINT => {
                LedgerErrorKind::Corrupt
            }
            ffi::SQLITE_BUSY | ffi::SQLITE_LOCKED => LedgerErrorKind::Busy,
            _ => LedgerErrorKind::Io,
        },
    }
}

const fn remedy(kind: LedgerErrorKind) -> &'static str {
    match kind {
        LedgerErrorKind::Full => "; make room, then open the ledger again",
        LedgerErrorKind::Lost => "; put the file back, then open the ledger again",
        LedgerErrorKind::Corrupt => "; restore the ledger from a backup",
        LedgerErrorKind::Busy => {
            "; another process holds the ledger: see what it does, then try again"
        }
        LedgerErrorKind::Missing
        | LedgerErrorKind::Version
        | LedgerErrorKind::Url
        | LedgerErrorKind::Io
        | LedgerErrorKind::Closed
        | LedgerErrorKind::Refused => "",
    }
}
