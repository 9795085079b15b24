//! R5: what leaves. One process relays; a fence stops what has not left.

use std::collections::BTreeSet;

use super::input::{Reply, Sent};
use super::row::{Claim, Key, Lease, OutboxRow, OutboxState, Row, Scan};
use super::state::{Result, State};
use crate::audit::stamp::Fact;

/// Rows to publish, in commit order, each as it stood before. Rows that an earlier relay read and never reported
/// are among them, as `Publishing`: the broker may get those twice, under the same id.
pub(super) fn relay(
    state: &mut State<'_>,
    claim: Claim,
    max: usize,
    resting: &BTreeSet<String>,
) -> Result<Option<Vec<OutboxRow>>> {
    if !state.is_alive(&claim)? {
        return Ok(None);
    }
    match state.rows.load(&Key::Lease)? {
        Some(Row::Lease(Lease { claim: holder })) if holder == claim => {}
        Some(Row::Lease(Lease { claim: holder })) if state.is_alive(&holder)? => return Ok(None),
        _ => state.rows.save(Row::Lease(Lease { claim }))?,
    }
    let mut rows = Vec::new();
    for row in state.outbox_rows(&Scan::Unpublished { max })? {
        let is_unpublished = row.state == OutboxState::Unpublished;
        if is_unpublished && !row.exempt && state.fence(row.tree.clone())?.is_some() {
            withhold(state, row)?;
            continue;
        }
        if resting.contains(&row.event_type) {
            continue;
        }
        if is_unpublished {
            let publishing = OutboxRow { state: OutboxState::Publishing, ..row.clone() };
            state.rows.save(Row::Outbox(publishing))?;
        }
        rows.push(row);
    }
    Ok(Some(rows))
}

pub(super) fn relayed(
    state: &mut State<'_>,
    claim: Claim,
    sequence: u64,
    sent: Sent,
) -> Result<Reply> {
    let Some(mut row) = state.outbox(sequence)? else {
        return Ok(Reply::Done);
    };
    match row.state {
        OutboxState::Unpublished | OutboxState::Publishing => {}
        OutboxState::Published | OutboxState::Withheld | OutboxState::Undeliverable => {
            return Ok(Reply::Done);
        }
    }
    let event = row.event;
    let (outbox, fact) = match sent {
        Sent::Published => (OutboxState::Published, Fact::Emitted { event, sequence }),
        Sent::Undeliverable => {
            (OutboxState::Undeliverable, Fact::Undeliverable { event, sequence })
        }
        Sent::NotYet => return not_yet(state, claim, row),
    };
    row.state = outbox;
    let (cause, tree) = (row.cause, row.tree.clone());
    state.rows.save(Row::Outbox(row))?;
    state.append(cause, Some(tree), fact)?;
    Ok(Reply::Done)
}

/// A fence may hold it back again. Not on the word of a relay that has lost its lease: the next one may have sent it.
fn not_yet(state: &mut State<'_>, claim: Claim, mut row: OutboxRow) -> Result<Reply> {
    if state.rows.load(&Key::Lease)? == Some(Row::Lease(Lease { claim })) {
        row.state = OutboxState::Unpublished;
        state.rows.save(Row::Outbox(row))?;
    }
    Ok(Reply::Done)
}

/// Keeps an output back for good. Only one that no relay has read: any other may be on the broker
/// already, and is published to the end.
pub(super) fn withhold(state: &mut State<'_>, mut row: OutboxRow) -> Result<()> {
    let (event, sequence, cause) = (row.event, row.sequence, row.cause);
    let tree = row.tree.clone();
    row.state = OutboxState::Withheld;
    state.rows.save(Row::Outbox(row))?;
    state.append(cause, Some(tree), Fact::Withheld { event, sequence })?;
    Ok(())
}
