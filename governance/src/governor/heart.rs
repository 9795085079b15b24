//! R2 and R13: the lease of this process, the obituaries of others, and orders it has seen.

use std::sync::Arc;
use std::time::{Duration, Instant};

use super::core::Core;
use crate::ledger::LedgerError;
use crate::protocol::id::WorkerId;
use crate::protocol::input::{Input, Reply};

/// Renews the lease until the governor stops; joins again under a new epoch if it was lost.
pub(super) async fn run(core: Arc<Core>, worker: WorkerId, handlers: Vec<String>) {
    let every = core.settings.worker_lease / 3;
    let look = Duration::from_millis(250).min(every);
    let mut beat_at = tokio::time::Instant::now();
    let mut seen = 0;
    while core.is_running() {
        let version = core.reader.control_version().unwrap_or(seen);
        if version != seen || tokio::time::Instant::now() >= beat_at {
            seen = version;
            beat_at = tokio::time::Instant::now() + every;
            if let Err(error) = beat(&core, worker, &handlers, seen).await {
                tracing::error!(%error, "Ledger takes no heartbeat; this process stops working");
            }
        }
        tokio::time::sleep(look).await;
    }
}

async fn beat(
    core: &Core,
    worker: WorkerId,
    handlers: &[String],
    seen: u64,
) -> Result<(), LedgerError> {
    let (claim, mut asked) = (core.claim(), Instant::now());
    if let Reply::Alive(Some(_)) = core.ask(Input::Heartbeat { claim, seen }).await? {
        core.set_claim(claim, asked);
    } else {
        tracing::warn!("Lease was lost; what runs is late, and work goes on under a new epoch");
        let handlers = handlers.to_vec();
        asked = Instant::now();
        if let Reply::Joined(claim) = core.ask(Input::Join { worker, handlers }).await? {
            core.set_claim(claim, asked);
        }
    }
    for other in core.reader.workers()? {
        if other.id != worker && other.expires_millis > 0 && core.ledger.is_dead(other.id) {
            core.ask(Input::Bury { worker: other.id }).await?;
        }
    }
    Ok(())
}
