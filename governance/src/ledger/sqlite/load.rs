//! Rows by key.

use rusqlite::{Connection, Params, params};
use serde::de::DeserializeOwned;

use super::scan::{dead_letter_row, parked_row};
use super::statement::{bytes, decode, one, one_body, sql};
use crate::ledger::LedgerError;
use crate::protocol::id::ExecutionId;
use crate::protocol::row::{DeadLetter, Effect, EffectKey, Key, OutboxRow, Parked, Row};

/// Reads the row of a key.
pub(super) fn load(connection: &Connection, key: &Key) -> Result<Option<Row>, LedgerError> {
    let at = connection;
    Ok(match key {
        Key::Execution(id) => {
            one_body(at, sql!("load/execution"), [blob(&id.0)])?.map(Row::Execution)
        }
        Key::Recorded(key) => {
            one_body(at, sql!("load/recorded"), [blob(&key.0)])?.map(Row::Recorded)
        }
        Key::Outbox(sequence) => outbox(at, *sequence)?.map(Row::Outbox),
        Key::Parked(id) => parked(at, id)?.map(Row::Parked),
        Key::Effect(key) => effect(at, key)?.map(Row::Effect),
        Key::Evidence(id) => one_body(at, sql!("load/evidence"), [blob(&id.0)])?.map(Row::Evidence),
        Key::Plan(digest) => one_body(at, sql!("load/plan"), [blob(&digest.0)])?.map(Row::Plan),
        Key::Fence(tree) => one_body(at, sql!("load/fence"), [&**tree])?.map(Row::Fence),
        Key::Automaton(scope) => {
            one_body(at, sql!("load/automaton"), [blob(&scope.0)])?.map(Row::Automaton)
        }
        Key::DeadLetter(id) => dead_letter(at, id)?.map(Row::DeadLetter),
        Key::Control(target) => {
            one_body(at, sql!("load/control"), [target.as_str()])?.map(Row::Control)
        }
        Key::Worker(id) => one_body(at, sql!("load/worker"), [blob(&id.0)])?.map(Row::Worker),
        Key::Lease => one_body(at, sql!("load/lease"), ())?.map(Row::Lease),
        Key::Counters => one_body(at, sql!("load/counters"), ())?.map(Row::Counters),
    })
}

/// A digest as columns have it.
pub(super) const fn blob(digest: &crate::digest::Digest) -> &[u8; 32] {
    digest.as_bytes()
}

fn outbox(connection: &Connection, sequence: u64) -> Result<Option<OutboxRow>, LedgerError> {
    let found = with_bytes(connection, sql!("load/outbox"), [integer(sequence)])?;
    Ok(found.map(|(row, message)| OutboxRow { message, ..row }))
}

fn parked(connection: &Connection, id: &ExecutionId) -> Result<Option<Parked>, LedgerError> {
    one(connection, sql!("load/parked"), [blob(&id.0)], parked_row)?.transpose()
}

fn effect(connection: &Connection, key: &EffectKey) -> Result<Option<Effect>, LedgerError> {
    let parameters = params![blob(&key.execution.0), key.index];
    let found = with_bytes(connection, sql!("load/effect"), parameters)?;
    Ok(found.map(|(row, before)| Effect { before, ..row }))
}

fn dead_letter(
    connection: &Connection,
    id: &ExecutionId,
) -> Result<Option<DeadLetter>, LedgerError> {
    one(connection, sql!("load/dead_letter"), [blob(&id.0)], dead_letter_row)?.transpose()
}

fn with_bytes<T: DeserializeOwned>(
    connection: &Connection,
    sql: &'static str,
    parameters: impl Params,
) -> Result<Option<(T, bytes::Bytes)>, LedgerError> {
    let found = one(connection, sql, parameters, |row| Ok((decode(row), bytes(row)?)))?;
    found.map(|(row, bytes)| Ok((row?, bytes))).transpose()
}

/// A number as columns have it; what does not fit is as good as endless.
pub(super) fn integer(number: u64) -> i64 {
    i64::try_from(number).unwrap_or(i64::MAX)
}
