//! P-03 Interrupt: halting and resuming, from this process or any other on the ledger (G6, R13).

use std::time::Duration;

use crate::ledger::{Ledger, LedgerError, LedgerErrorKind};
use crate::protocol::input::{Input, Reply};
use crate::protocol::row::{Target, Worker};

/// How often confirmations are looked for.
const LOOK_EVERY: Duration = Duration::from_millis(50);

/// What became of a halt or resume.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Interrupted {
    /// The control version from which it holds: from its commit on.
    pub version: u64,
    /// Processes that have seen it.
    pub confirmed: Vec<Worker>,
    /// Processes whose lease ended before they confirmed: they are fenced and cannot start anything.
    pub fenced: Vec<Worker>,
    /// Processes that hold a lease and have not confirmed yet.
    pub silent: Vec<Worker>,
}

/// Halts or resumes, and waits until each live process has confirmed or lost its lease, at most for
/// `within`.
///
/// # Errors
/// [`LedgerError`] if the ledger does not take it.
pub async fn interrupt(
    ledger: &Ledger,
    target: Target,
    halt: bool,
    by: &str,
    within: Duration,
) -> Result<Interrupted, LedgerError> {
    let command = Input::Command { target, halt, by: by.to_owned() };
    let version = match ledger.transact(vec![command]).await?.pop() {
        Some(Reply::Commanded(version)) => version,
        other => {
            let message = format!("unexpected reply to a command: {other:?}");
            return Err(LedgerError::new(LedgerErrorKind::Corrupt, message));
        }
    };
    let deadline = tokio::time::Instant::now() + within;
    loop {
        let now = ledger.now_millis();
        let workers = ledger.reader().workers()?;
        let (live, fenced): (Vec<_>, Vec<_>) =
            workers.into_iter().partition(|worker| worker.expires_millis > now);
        let (confirmed, silent): (Vec<_>, Vec<_>) =
            live.into_iter().partition(|worker| worker.seen >= version);
        if silent.is_empty() || tokio::time::Instant::now() >= deadline {
            return Ok(Interrupted { version, confirmed, fenced, silent });
        }
        tokio::time::sleep(LOOK_EVERY).await;
    }
}
