//! R5: publishes what the ledger recorded, a key's next event only after the previous is confirmed.

use std::collections::BTreeMap;
use std::sync::Arc;

use futures_util::StreamExt;
use futures_util::stream::FuturesUnordered;
use tokio::sync::watch;
use wingman_core::error::Retry;
use wingman_core::event::CloudEvent;
use wingman_core::transport::{Confirmed, Receipt};

use super::core::Core;
use super::silent::Silent;
use crate::ledger::Gap;
use crate::protocol::input::{Input, Reply, Sent};
use crate::protocol::row::{OutboxRow, OutboxState};

/// Rows that one round reads.
const ROUND_MAX: usize = 256;

/// Runs until the governor stops.
pub(super) async fn run(core: Arc<Core>) {
    let mut commits = core.commits();
    let mut silent = Silent::default();
    while core.is_running() {
        if !core.reader.has_unpublished().unwrap_or(false)
            || !round(&core, &mut commits, &mut silent).await
        {
            core.rest(&mut commits).await;
        }
    }
}

/// One round; true if anything is over.
async fn round(core: &Core, commits: &mut watch::Receiver<u64>, silent: &mut Silent) -> bool {
    let claim = core.claim();
    let relay = Input::Relay { claim, max: ROUND_MAX, resting: silent.resting() };
    let reply = core.ask(relay).await;
    // What was committed until now was read; our own commits are no reason for another round.
    commits.mark_unchanged();
    let Ok(Reply::Relaying(Some(rows))) = reply else {
        return false;
    };
    core.gaps.reached(Gap::RelayBeforePublish);
    let mut chains: BTreeMap<(String, Option<String>), Vec<OutboxRow>> = BTreeMap::new();
    for row in rows {
        chains.entry((row.event_type.clone(), row.key.clone())).or_default().push(row);
    }
    let waits_max = core.settings.unheard_max;
    let mut running: FuturesUnordered<_> = chains
        .into_iter()
        .map(|((event_type, _), rows)| {
            let waits = silent.is_shorter_than(waits_max, &event_type);
            async move { (event_type, publish_chain(core, rows, waits).await) }
        })
        .collect();
    let mut reports = Vec::new();
    while let Some((event_type, chain)) = running.next().await {
        if chain.is_unheard {
            silent.begin(event_type);
        } else if chain.reports.iter().any(|(_, sent)| *sent == Sent::Published) {
            silent.end(&event_type);
        }
        reports.extend(chain.reports);
    }
    drop(running);
    core.gaps.reached(Gap::RelayAfterPublish);
    let is_over = |(_, sent): &(u64, Sent)| *sent != Sent::NotYet;
    let some = reports.iter().any(is_over);
    let report = |(sequence, sent)| Input::Relayed { claim, sequence, sent };
    if !reports.is_empty()
        && let Err(error) = core.turn(reports.into_iter().map(report).collect()).await
    {
        tracing::error!(%error, "Ledger refused the receipts; they are published again");
        return false;
    }
    some
}

/// What became of rows of one topic and key.
#[derive(Default)]
struct Chain {
    reports: Vec<(u64, Sent)>,
    /// It stopped at one whose consumers have no group yet.
    is_unheard: bool,
}

/// Publishes rows of one topic and key in order, and stops at the first that the broker does not
/// have: it comes first again in a later round.
async fn publish_chain(core: &Core, rows: Vec<OutboxRow>, waits: bool) -> Chain {
    let claim = core.claim();
    let mut chain = Chain::default();
    let mut rows = rows.into_iter();
    while let Some(row) = rows.next() {
        // A relay that lost its epoch stops before its next send.
        if !core.holds(claim) {
            break;
        }
        let sequence = row.sequence;
        let sent = match CloudEvent::from_json(&row.message) {
            Ok(event) => core.bus.publish(&event).await,
            Err(error) => Err(error),
        };
        match sent {
            Ok(receipt) if is_lost(core, &row, &receipt) => {
                if waits {
                    let unsent = std::iter::once(row).chain(rows);
                    let unsent = unsent.filter(|row| row.state == OutboxState::Unpublished);
                    chain.reports.extend(unsent.map(|row| (row.sequence, Sent::NotYet)));
                    chain.is_unheard = true;
                    break;
                }
                tracing::error!(sequence, "No group of a consumer came for an output");
                chain.reports.push((sequence, Sent::Undeliverable));
            }
            Ok(_) => chain.reports.push((sequence, Sent::Published)),
            Err(error) if error.retry() == Retry::Permanent && error.kind().is_about_message() => {
                tracing::error!(%error, sequence, "Broker refused an output for good");
                chain.reports.push((sequence, Sent::Undeliverable));
            }
            Err(error) => {
                tracing::warn!(%error, sequence, "Output not published yet; it is tried again");
                break;
            }
        }
    }
    chain
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
