//! Where stamps, inbox, outbox, effects, approvals and interrupts are kept, in one transaction.

mod error;

pub use error::{LedgerError, LedgerErrorKind};
