//! The handle that everything else writes through.

use std::path::Path;
use std::sync::Arc;

use super::error::LedgerError;
use super::id::LedgerId;
use super::options::LedgerOptions;
use super::sqlite::SqliteLedger;
use super::url::LedgerUrl;
use crate::audit::Verifier;
use crate::protocol::input::{Input, Reply};

/// An open ledger. Cloning shares it; when the last clone is gone, a last checkpoint is written.
#[derive(Debug, Clone)]
pub struct Ledger(Backend);

/// Where the rows are.
#[derive(Debug, Clone)]
enum Backend {
    Sqlite(Arc<SqliteLedger>),
}

impl Ledger {
    /// Opens the ledger at a URL: `sqlite://path.db`. Several processes may open one file.
    ///
    /// # Errors
    /// `Url`, `Missing`, `Version`, `Busy`, `Io`; `Corrupt` if the log is not what its checkpoints
    /// say, in the database or in the checkpoint file: then nothing is signed (G2).
    pub async fn open(url: &str, options: LedgerOptions) -> Result<Self, LedgerError> {
        let url: LedgerUrl = url.parse()?;
        let sqlite = SqliteLedger::open(url, options).await?;
        Ok(Self(Backend::Sqlite(Arc::new(sqlite))))
    }

    /// Runs inputs through the protocol, in their order, and answers when their transaction is
    /// durable. Up to 1,024 inputs are one transaction, shared with other callers' that queued
    /// meanwhile; more are several. Dropping the future does not take the inputs back.
    ///
    /// # Errors
    /// None of the inputs of a failed transaction happened. `Full`, `Lost` and `Corrupt` are for
    /// good: every later call fails the same until the ledger is opened again (G1).
    pub async fn transact(&self, inputs: Vec<Input>) -> Result<Vec<Reply>, LedgerError> {
        let Backend::Sqlite(ledger) = &self.0;
        ledger.transact(inputs).await
    }

    /// The ledger's identity.
    pub fn id(&self) -> LedgerId {
        let Backend::Sqlite(ledger) = &self.0;
        ledger.id()
    }

    /// Where the ledger is.
    pub fn url(&self) -> &LedgerUrl {
        let Backend::Sqlite(ledger) = &self.0;
        ledger.url()
    }

    /// The public key that checks this ledger's checkpoints.
    pub fn verifier(&self) -> &Verifier {
        let Backend::Sqlite(ledger) = &self.0;
        ledger.verifier()
    }

    /// Whether the key was made by this `open`: then its path and fingerprint are to be shown, once.
    pub fn key_created(&self) -> bool {
        let Backend::Sqlite(ledger) = &self.0;
        ledger.key_created()
    }

    /// The file outside the database that holds the newest checkpoint.
    pub fn checkpoint_file(&self) -> &Path {
        let Backend::Sqlite(ledger) = &self.0;
        ledger.checkpoint_file()
    }

    /// Writes a checkpoint over everything that is committed.
    ///
    /// # Errors
    /// It could not be written, in the ledger or in the file.
    pub async fn checkpoint_now(&self) -> Result<(), LedgerError> {
        let Backend::Sqlite(ledger) = &self.0;
        ledger.checkpoint_now().await
    }

    /// Writes a last checkpoint and stops writing; later calls fail as `Closed`. Closing twice is
    /// closing once.
    ///
    /// # Errors
    /// The last checkpoint could not be written; the ledger is closed all the same.
    pub async fn close(&self) -> Result<(), LedgerError> {
        let Backend::Sqlite(ledger) = &self.0;
        ledger.close().await
    }
}
