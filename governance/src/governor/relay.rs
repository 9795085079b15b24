//! R5: publishes what the ledger recorded, a key's next event only after the previous is confirmed.

use std::collections::BTreeMap;
use std::sync::Arc;

use futures_util::StreamExt;
use futures_util::stream::FuturesUnordered;
use wingman_core::error::Retry;
use wingman_core::event::CloudEvent;

use super::core::Core;
use crate::ledger::Gap;
use crate::protocol::input::{Input, Reply};
use crate::protocol::row::OutboxRow;

/// Rows that one round reads.
const ROUND_MAX: usize = 256;

/// Runs until the governor stops.
pub(super) async fn run(core: Arc<Core>) {
    let mut commits = core.commits();
    while core.is_running() {
        if !core.reader.has_unpublished().unwrap_or(false) || !round(&core).await {
            core.rest(&mut commits).await;
        }
    }
}

/// One round; true if something was published.
async fn round(core: &Core) -> bool {
    let claim = core.claim();
    let reply = core.ask(Input::Relay { claim, max: ROUND_MAX }).await;
    let Ok(Reply::Relaying(Some(rows))) = reply else {
        return false;
    };
    core.gaps.reached(Gap::RelayBeforePublish);
    let mut chains: BTreeMap<(String, Option<String>), Vec<OutboxRow>> = BTreeMap::new();
    for row in rows {
        chains.entry((row.event_type.clone(), row.key.clone())).or_default().push(row);
    }
    let mut running: FuturesUnordered<_> =
        chains.into_values().map(|rows| publish_chain(core, rows)).collect();
    let mut reports = Vec::new();
    while let Some(published) = running.next().await {
        reports.extend(published);
    }
    drop(running);
    core.gaps.reached(Gap::RelayAfterPublish);
    let some = !reports.is_empty();
    if some && let Err(error) = core.turn(reports).await {
        tracing::error!(%error, "Ledger refused the receipts; they are published again");
        return false;
    }
    some
}

/// Publishes rows of one topic and key in order, and stops at the first that the broker does not
/// have: it comes first again in the next round.
async fn publish_chain(core: &Core, rows: Vec<OutboxRow>) -> Vec<Input> {
    let claim = core.claim();
    let mut reports = Vec::new();
    for row in rows {
        // A relay that lost its epoch stops before its next send.
        if !core.holds(claim) {
            break;
        }
        let sequence = row.sequence;
        let published = match CloudEvent::from_json(&row.message) {
            Ok(event) => core.bus.publish(&event).await,
            Err(error) => Err(error),
        };
        match published {
            Ok(_) => reports.push(Input::Relayed { sequence, delivered: true }),
            Err(error) if error.retry() == Retry::Permanent && error.kind().is_about_message() => {
                tracing::error!(%error, sequence, "Broker refused an output for good");
                reports.push(Input::Relayed { sequence, delivered: false });
            }
            Err(error) => {
                tracing::warn!(%error, sequence, "Output not published yet; it is tried again");
                break;
            }
        }
    }
    reports
}
