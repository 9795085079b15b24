//! Rows by something else than their key.

use rusqlite::{Connection, Params, params};

use super::load::{blob, integer};
use super::statement::{all, all_bodies, bytes, bytes_at, decode, sql};
use crate::ledger::LedgerError;
use crate::protocol::id::Lane;
use crate::protocol::row::{DeadLetter, Effect, Execution, Original, OutboxRow, Parked, Row, Scan};

/// The rows of a scan, in the order that it documents.
pub(super) fn scan(connection: &Connection, scan: &Scan) -> Result<Vec<Row>, LedgerError> {
    let at = connection;
    match scan {
        Scan::Unpublished { max } => {
            rows(Row::Outbox, outbox(at, sql!("scan/unpublished"), [limit(*max)]))
        }
        Scan::UnpublishedIn { tree } => {
            rows(Row::Outbox, outbox(at, sql!("scan/unpublished_in"), [&**tree]))
        }
        Scan::ParkedDue { handler, now, max } => {
            let by = params![handler, integer(*now), limit(*max)];
            rows(Row::Parked, parked(at, sql!("scan/parked_due"), by))
        }
        Scan::ParkedLane { lane, with_ordered, max } => {
            let by = params![lane.handler, lane.key, with_ordered, limit(*max)];
            rows(Row::Parked, parked(at, sql!("scan/parked_lane"), by))
        }
        Scan::ParkedPlan { plan } => {
            rows(Row::Parked, parked(at, sql!("scan/parked_plan"), [blob(&plan.0)]))
        }
        Scan::ParkedScope { scope } => {
            rows(Row::Parked, parked(at, sql!("scan/parked_scope"), [blob(&scope.0)]))
        }
        Scan::EffectsOf { execution } => {
            rows(Row::Effect, effects(at, sql!("scan/effects_of"), [blob(&execution.0)]))
        }
        Scan::EffectsIn { tree } => {
            rows(Row::Effect, effects(at, sql!("scan/effects_in"), [&**tree]))
        }
        Scan::EffectsPending { max } => {
            rows(Row::Effect, effects(at, sql!("scan/effects_pending"), [limit(*max)]))
        }
        Scan::ExecutionsIn { tree } => {
            rows(Row::Execution, all_bodies(at, sql!("scan/executions_in"), [&**tree]))
        }
        Scan::StartedIn { lane } => rows(Row::Execution, started_in(at, lane)),
        Scan::FencesOpen => rows(Row::Fence, all_bodies(at, sql!("scan/fences_open"), ())),
    }
}

fn rows<T>(kind: fn(T) -> Row, rows: Result<Vec<T>, LedgerError>) -> Result<Vec<Row>, LedgerError> {
    Ok(rows?.into_iter().map(kind).collect())
}

/// Outbox rows with their messages.
pub(super) fn outbox(
    at: &Connection,
    sql: &'static str,
    by: impl Params,
) -> Result<Vec<OutboxRow>, LedgerError> {
    let rows = all(at, sql, by, |row| Ok((decode::<OutboxRow>(row), bytes(row)?)))?;
    let join = |(row, message)| Ok(OutboxRow { message, ..row? });
    rows.into_iter().map(join).collect()
}

/// Parked rows with their messages.
pub(super) fn parked(
    at: &Connection,
    sql: &'static str,
    by: impl Params,
) -> Result<Vec<Parked>, LedgerError> {
    all(at, sql, by, parked_row)?.into_iter().collect()
}

/// One parked row with its message and what was received.
pub(super) fn parked_row(row: &rusqlite::Row<'_>) -> rusqlite::Result<Result<Parked, LedgerError>> {
    let (message, payload) = (bytes(row)?, bytes_at(row, 2)?);
    Ok(decode::<Parked>(row).map(|row| {
        let original = Original { payload, ..row.original };
        Parked { message, original, ..row }
    }))
}

/// One dead letter with what was received and what that decodes to.
pub(super) fn dead_letter_row(
    row: &rusqlite::Row<'_>,
) -> rusqlite::Result<Result<DeadLetter, LedgerError>> {
    let (payload, event) = (bytes(row)?, bytes_at(row, 2)?);
    Ok(decode::<DeadLetter>(row).map(|row| {
        let original = Original { payload, ..row.original };
        DeadLetter { event, original, ..row }
    }))
}

/// Executions of a lane that a worker has started and not ended.
fn started_in(at: &Connection, lane: &Lane) -> Result<Vec<Execution>, LedgerError> {
    let mut open: Vec<Execution> = all_bodies(at, sql!("read/executions_open"), ())?;
    open.retain(|it| it.phase.claim().is_some() && it.lane().as_ref() == Some(lane));
    Ok(open)
}

/// Effects with their before-states.
pub(super) fn effects(
    at: &Connection,
    sql: &'static str,
    by: impl Params,
) -> Result<Vec<Effect>, LedgerError> {
    let rows = all(at, sql, by, |row| Ok((decode::<Effect>(row), bytes(row)?)))?;
    let join = |(row, before)| Ok(Effect { before, ..row? });
    rows.into_iter().map(join).collect()
}

/// A bound on rows as statements have it.
pub(super) fn limit(max: usize) -> i64 {
    i64::try_from(max).unwrap_or(i64::MAX)
}
