//! The handle that everything else writes through.

use std::path::Path;
use std::sync::Arc;

use super::error::{LedgerError, LedgerErrorKind};
use super::id::LedgerId;
use super::options::LedgerOptions;
use super::sqlite::{Reader, SqliteLedger};
use super::url::LedgerUrl;
use super::worker_lock::WorkerLock;
use crate::audit::Verifier;
use crate::protocol::id::WorkerId;
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

    /// Reads beside the writer.
    pub fn reader(&self) -> Reader {
        let Backend::Sqlite(ledger) = &self.0;
        ledger.reader().clone()
    }

    /// The ledger's clock, in milliseconds: what a transaction that began now would be given.
    pub fn now_millis(&self) -> u64 {
        let Backend::Sqlite(ledger) = &self.0;
        ledger.now_millis()
    }

    /// The ledger's clock as a time for events.
    pub fn now(&self) -> jiff::Timestamp {
        let millis = i64::try_from(self.now_millis()).unwrap_or(i64::MAX);
        jiff::Timestamp::from_millisecond(millis).unwrap_or(jiff::Timestamp::MAX)
    }

    /// A new correlation: a UUID of version 7 (RFC 9562), which begins with the time, so that
    /// indexes of correlations grow at their end.
    ///
    /// # Errors
    /// `Io` if the system gives no random numbers.
    pub fn new_correlation(&self) -> Result<String, LedgerError> {
        let mut random = [0; 10];
        getrandom::fill(&mut random).map_err(|error| {
            LedgerError::new(LedgerErrorKind::Io, format!("no random numbers: {error}"))
        })?;
        Ok(uuid_of(self.now_millis(), random))
    }

    /// Takes the lock that shows other processes that this worker lives; before it joins (R2).
    ///
    /// # Errors
    /// As [`WorkerLock::hold`].
    pub fn lock_worker(&self, worker: WorkerId) -> Result<WorkerLock, LedgerError> {
        WorkerLock::hold(self.url(), worker)
    }

    /// Whether a worker's process is certainly gone (R2). Where that cannot be told, it is not.
    pub fn is_dead(&self, worker: WorkerId) -> bool {
        WorkerLock::is_dead(self.url(), worker).unwrap_or(false)
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

/// 48 bits of milliseconds, then version, variant and 74 random bits.
fn uuid_of(millis: u64, random: [u8; 10]) -> String {
    let mut bytes = [0; 16];
    bytes[..6].copy_from_slice(&millis.to_be_bytes()[2..]);
    bytes[6..].copy_from_slice(&random);
    bytes[6] = 0x70 | bytes[6] & 0x0f;
    bytes[8] = 0x80 | bytes[8] & 0x3f;
    let hex = format!("{:032x}", u128::from_be_bytes(bytes));
    let [a, b, c, d, e] = [&hex[..8], &hex[8..12], &hex[12..16], &hex[16..20], &hex[20..]];
    format!("{a}-{b}-{c}-{d}-{e}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn correlations_are_uuids_of_version_7() {
        // The example of RFC 9562, appendix A.6.
        let random = [0x0c, 0xc3, 0x18, 0xc4, 0xdc, 0x0c, 0x0c, 0x07, 0x39, 0x8f];
        let uuid = uuid_of(0x017f_22e2_79b0, random);
        assert_eq!(uuid, "017f22e2-79b0-7cc3-98c4-dc0c0c07398f");
    }
}
