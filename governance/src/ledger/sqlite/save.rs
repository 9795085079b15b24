//! Writing and removing rows.

use rusqlite::params;
use rusqlite::types::{ToSql, ToSqlOutput, ValueRef};
use serde::Serialize;

use super::failure::corrupt;
use super::load::{blob, integer};
use super::statement::{Writing, sql};
use super::trees::Trees;
use crate::ledger::LedgerError;
use crate::protocol::row::{
    DeadLetter, Decision, Effect, EffectState, Execution, FenceState, Key, OutboxRow, OutboxState,
    ParkReason, Parked, Plan, Recorded, Row,
};

/// What most bodies fit into, so that their buffer need not grow.
const BODY_BYTES: usize = 1_024;

/// Writes a row over the one with its key.
pub(super) fn save(to: &mut Writing<'_>, trees: &mut Trees, row: &Row) -> Result<(), LedgerError> {
    match row {
        Row::Execution(row) => execution(to, trees, row),
        Row::Recorded(row) => recorded(to, trees, row),
        Row::Outbox(row) => outbox(to, trees, row),
        Row::Parked(row) => parked(to, trees, row),
        Row::Effect(row) => effect(to, trees, row),
        Row::Evidence(row) => {
            let tree = trees.number(to.connection, &row.tree)?;
            to.execute(sql!("save/evidence"), params![blob(&row.execution.0), tree, body(row)?])
        }
        Row::Plan(row) => plan(to, row),
        Row::Fence(row) => {
            let open = row.state != FenceState::Closed;
            to.execute(sql!("save/fence"), params![&*row.tree, open, body(row)?])
        }
        Row::Automaton(row) => {
            to.execute(sql!("save/automaton"), params![blob(&row.scope.0), body(row)?])
        }
        Row::DeadLetter(row) => dead_letter(to, row),
        Row::Control(row) => {
            to.execute(sql!("save/control"), params![row.target.as_str(), body(row)?])
        }
        Row::Worker(row) => to.execute(sql!("save/worker"), params![blob(&row.id.0), body(row)?]),
        Row::Lease(row) => to.execute(sql!("save/lease"), [body(row)?]),
        Row::Counters(row) => to.execute(sql!("save/counters"), [body(row)?]),
    }
}

/// Removes the row of a key; nothing happens if it is missing.
pub(super) fn remove(from: &mut Writing<'_>, key: &Key) -> Result<(), LedgerError> {
    match key {
        Key::Execution(id) => from.execute(sql!("remove/execution"), [blob(&id.0)]),
        Key::Recorded(key) => from.execute(sql!("remove/recorded"), [blob(&key.0)]),
        Key::Outbox(sequence) => from.execute(sql!("remove/outbox"), [integer(*sequence)]),
        Key::Parked(id) => from.execute(sql!("remove/parked"), [blob(&id.0)]),
        Key::Effect(key) => {
            from.execute(sql!("remove/effect"), params![blob(&key.execution.0), key.index])
        }
        Key::Evidence(id) => from.execute(sql!("remove/evidence"), [blob(&id.0)]),
        Key::Plan(digest) => from.execute(sql!("remove/plan"), [blob(&digest.0)]),
        Key::Fence(tree) => from.execute(sql!("remove/fence"), [&**tree]),
        Key::Automaton(scope) => from.execute(sql!("remove/automaton"), [blob(&scope.0)]),
        Key::DeadLetter(id) => from.execute(sql!("remove/dead_letter"), [blob(&id.0)]),
        Key::Control(target) => from.execute(sql!("remove/control"), [target.as_str()]),
        Key::Worker(id) => from.execute(sql!("remove/worker"), [blob(&id.0)]),
        Key::Lease => from.execute(sql!("remove/lease"), ()),
        Key::Counters => from.execute(sql!("remove/counters"), ()),
    }
}

fn execution(to: &mut Writing<'_>, trees: &mut Trees, row: &Execution) -> Result<(), LedgerError> {
    let tree = trees.number(to.connection, &row.tree)?;
    let open = !row.phase.is_outcome();
    to.execute(sql!("save/execution"), params![blob(&row.id.0), tree, open, body(row)?])
}

fn recorded(to: &mut Writing<'_>, trees: &mut Trees, row: &Recorded) -> Result<(), LedgerError> {
    let tree = trees.number(to.connection, &row.tree)?;
    to.execute(sql!("save/recorded"), params![blob(&row.key.0), tree, body(row)?])
}

fn outbox(to: &mut Writing<'_>, trees: &mut Trees, row: &OutboxRow) -> Result<(), LedgerError> {
    let tree = trees.number(to.connection, &row.tree)?;
    let open = match row.state {
        OutboxState::Unpublished | OutboxState::Publishing => true,
        OutboxState::Published | OutboxState::Withheld | OutboxState::Undeliverable => false,
    };
    let parameters = params![integer(row.sequence), tree, open, body(row)?, &row.message[..]];
    to.execute(sql!("save/outbox"), parameters)
}

fn parked(to: &mut Writing<'_>, trees: &mut Trees, row: &Parked) -> Result<(), LedgerError> {
    let tree = trees.number(to.connection, &row.tree)?;
    let (plan, scope) = match &row.reason {
        ParkReason::Approval { plan } => (Some(blob(&plan.0)), None),
        ParkReason::Order { scope } => (None, Some(blob(&scope.0))),
        ParkReason::Retry | ParkReason::Behind | ParkReason::Replay { .. } => (None, None),
    };
    let parameters = params![
        blob(&row.execution.0),
        integer(row.sequence),
        tree,
        row.handler,
        integer(row.due_millis.min(row.deadline_millis)),
        row.claim.is_some(),
        row.lane.as_ref().map(|lane| &lane.key),
        plan,
        scope,
        body(row)?,
        &row.message[..],
        &row.original.payload[..],
    ];
    to.execute(sql!("save/parked"), parameters)
}

fn effect(to: &mut Writing<'_>, trees: &mut Trees, row: &Effect) -> Result<(), LedgerError> {
    let tree = trees.number(to.connection, &row.tree)?;
    let pending = match row.state {
        EffectState::Pending { .. } | EffectState::Compensating { .. } => true,
        EffectState::Registered
        | EffectState::Applied
        | EffectState::Void
        | EffectState::Unknown
        | EffectState::Compensated
        | EffectState::Quarantined
        | EffectState::Resolved { .. } => false,
    };
    let parameters = params![
        integer(row.sequence),
        blob(&row.key.execution.0),
        row.key.index,
        tree,
        !row.state.is_settled(),
        pending,
        row.state == EffectState::Quarantined,
        body(row)?,
        &row.before[..],
    ];
    to.execute(sql!("save/effect"), parameters)
}

fn plan(to: &mut Writing<'_>, row: &Plan) -> Result<(), LedgerError> {
    let open = row.decision == Decision::Pending;
    let parameters = params![blob(&row.digest.0), integer(row.asked_millis), open, body(row)?];
    to.execute(sql!("save/plan"), parameters)
}

fn dead_letter(to: &mut Writing<'_>, row: &DeadLetter) -> Result<(), LedgerError> {
    let parameters =
        params![blob(&row.execution.0), body(row)?, &row.original.payload[..], &row.event[..]];
    to.execute(sql!("save/dead_letter"), parameters)
}

fn body(row: &impl Serialize) -> Result<Body, LedgerError> {
    let mut json = Vec::with_capacity(BODY_BYTES);
    serde_json::to_writer(&mut json, row)
        .map_err(|error| corrupt(format!("a row has no JSON: {error}")))?;
    Ok(Body(json))
}

/// A row as JSON.
struct Body(Vec<u8>);

impl ToSql for Body {
    fn to_sql(&self) -> rusqlite::Result<ToSqlOutput<'_>> {
        Ok(ToSqlOutput::Borrowed(ValueRef::Text(&self.0)))
    }
}
