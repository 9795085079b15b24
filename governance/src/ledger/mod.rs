//! Where stamps, inbox, outbox, effects, approvals and interrupts are kept, in one transaction.
//!
//! [`Ledger::transact`] runs the protocol over the rows and answers once that is durable. The rows
//! are in SQLite; all SQL is in the `.sql` files below `sqlite/sql`.

mod checkpoint_file;
mod error;
mod gap;
mod id;
#[expect(clippy::module_inception, reason = "the ledger's handle is what the module is about")]
mod ledger;
mod options;
mod reading;
mod sqlite;
#[cfg(test)]
pub(crate) mod tests;
mod url;
mod verification;
mod worker_lock;

pub use error::{LedgerError, LedgerErrorKind};
pub use gap::{Gap, Gaps};
pub use id::LedgerId;
pub use ledger::Ledger;
pub use options::{CheckpointEvery, LedgerOptions};
pub use reading::{OpenWork, StampProof, StampRow};
pub use sqlite::{Reader, verify, verify_telling};
pub use url::LedgerUrl;
pub use verification::{Check, Problem, Verification};
pub use worker_lock::WorkerLock;
