//! R5: publishes what the ledger recorded, a key's next event only after the previous is confirmed.

use std::collections::BTreeMap;
use std::sync::Arc;

use futures_util::StreamExt;
use futures_util::stream::FuturesUnordered;
use wingman_core::error::Retry;
use wingman_core::event::CloudEvent;
use wingman_core::transport::{Confirmed, Receipt};

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
            Ok(receipt) if is_lost(core, &row, &receipt) => match waits(core, &row) {
                true => {
                    tracing::warn!(
                        sequence,
                        event_type = row.event_type,
                        "No group of a consumer is there yet; the output is tried again"
                    );
                    break;
                }
                false => {
                    tracing::error!(
                        sequence,
                        event_type = row.event_type,
                        "No group of a consumer came; the output is undeliverable"
                    );
                    reports.push(Input::Relayed { sequence, delivered: false });
                }
            },
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

/// Whether the broker kept nothing, of an event that somebody is to handle. What nobody consumes goes to whom there
/// is, and that may be nobody.
fn is_lost(core: &Core, row: &OutboxRow, receipt: &Receipt) -> bool {
    match receipt.confirmed {
        Confirmed::Stored => false,
        Confirmed::NoGroup => {
            !core.bus.capabilities().replay.is_supported()
                && core.contracts.consumers(&row.event_type).next().is_some()
        }
    }
}

/// Whether its consumer may still come.
fn waits(core: &Core, row: &OutboxRow) -> bool {
    let recorded_at = match core.reader.recorded(row.event) {
        Ok(recorded) => recorded.map_or(0, |recorded| recorded.at_millis),
        // It is asked again in the next round.
        Err(_) => return true,
    };
    let waited = core.ledger.now_millis().saturating_sub(recorded_at);
    u128::from(waited) < core.settings.unheard_max.as_millis()
}
