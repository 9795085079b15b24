//! Rows by something else than their key.

use rusqlite::{Connection, Params, params};

use super::load::{blob, integer};
use super::statement::{all, all_bodies, bytes, decode, sql};
use crate::ledger::LedgerError;
use crate::protocol::row::{Effect, OutboxRow, Parked, Row, Scan};

/// The rows of a scan, in the order that it documents.
pub(super) fn scan(connection: &Connection, scan: &Scan) -> Result<Vec<Row>, LedgerError> {
    let at = connection;
    match scan {
        Scan::Unpublished { max } => outbox(at, sql!("scan/unpublished"), [limit(*max)]),
        Scan::UnpublishedIn { tree } => outbox(at, sql!("scan/unpublished_in"), [&**tree]),
        Scan::ParkedDue { handler, now, max } => {
            parked(at, sql!("scan/parked_due"), params![handler, integer(*now), limit(*max)])
        }
        Scan::ParkedLane { lane, max } => {
            parked(at, sql!("scan/parked_lane"), params![lane.handler, lane.key, limit(*max)])
        }
        Scan::ParkedPlan { plan } => parked(at, sql!("scan/parked_plan"), [blob(&plan.0)]),
        Scan::ParkedScope { scope } => parked(at, sql!("scan/parked_scope"), [blob(&scope.0)]),
        Scan::ParkedCount => parked(at, sql!("scan/parked_all"), ()),
        Scan::EffectsOf { execution } => {
            effects(at, sql!("scan/effects_of"), [blob(&execution.0)])
        }
        Scan::EffectsIn { tree } => effects(at, sql!("scan/effects_in"), [&**tree]),
        Scan::EffectsPending { max } => effects(at, sql!("scan/effects_pending"), [limit(*max)]),
        Scan::ExecutionsIn { tree } => {
            let rows = all_bodies(at, sql!("scan/executions_in"), [&**tree])?;
            Ok(rows.into_iter().map(Row::Execution).collect())
        }
        Scan::FencesOpen => {
            let rows = all_bodies(at, sql!("scan/fences_open"), ())?;
            Ok(rows.into_iter().map(Row::Fence).collect())
        }
    }
}

fn outbox(at: &Connection, sql: &'static str, by: impl Params) -> Result<Vec<Row>, LedgerError> {
    let rows = all(at, sql, by, |row| Ok((decode::<OutboxRow>(row), bytes(row)?)))?;
    let join = |(row, message)| Ok(Row::Outbox(OutboxRow { message, ..row? }));
    rows.into_iter().map(join).collect()
}

fn parked(at: &Connection, sql: &'static str, by: impl Params) -> Result<Vec<Row>, LedgerError> {
    let rows = all(at, sql, by, |row| Ok((decode::<Parked>(row), bytes(row)?)))?;
    let join = |(row, message)| Ok(Row::Parked(Parked { message, ..row? }));
    rows.into_iter().map(join).collect()
}

fn effects(at: &Connection, sql: &'static str, by: impl Params) -> Result<Vec<Row>, LedgerError> {
    let rows = all(at, sql, by, |row| Ok((decode::<Effect>(row), bytes(row)?)))?;
    let join = |(row, before)| Ok(Row::Effect(Effect { before, ..row? }));
    rows.into_iter().map(join).collect()
}

fn limit(max: usize) -> i64 {
    i64::try_from(max).unwrap_or(i64::MAX)
}
