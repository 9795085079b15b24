//! Running statements: each is a file, prepared once and kept.

use bytes::Bytes;
use rusqlite::{CachedStatement, Connection, OptionalExtension as _, Params, Row};
use serde::de::DeserializeOwned;

use super::failure::{corrupt, failed};
use crate::ledger::LedgerError;

/// The text of a statement, by the name of its file.
macro_rules! sql {
    ($name:literal) => {
        include_str!(concat!(env!("CARGO_MANIFEST_DIR"), "/src/ledger/sqlite/sql/", $name, ".sql"))
    };
}
pub(super) use sql;

/// Runs a statement that returns no rows.
pub(super) fn execute(
    connection: &Connection,
    sql: &'static str,
    parameters: impl Params,
) -> Result<(), LedgerError> {
    Writing::to(connection).execute(sql, parameters)
}

/// Runs statements that return no rows, one after the other. The last one stays at hand, so that the same
/// again need not be looked up.
pub(super) struct Writing<'a> {
    pub(super) connection: &'a Connection,
    last: Option<(&'static str, CachedStatement<'a>)>,
}

impl<'a> Writing<'a> {
    pub(super) const fn to(connection: &'a Connection) -> Self {
        Self { connection, last: None }
    }

    pub(super) fn execute(
        &mut self,
        sql: &'static str,
        parameters: impl Params,
    ) -> Result<(), LedgerError> {
        let run = || {
            let statement = match &mut self.last {
                Some((last, statement)) if std::ptr::eq(*last, sql) => statement,
                last => &mut last.insert((sql, self.connection.prepare_cached(sql)?)).1,
            };
            statement.execute(parameters)
        };
        run().map(drop).map_err(failed("write to the ledger"))
    }
}

/// The only row of a query, if there is one.
pub(super) fn one<T>(
    connection: &Connection,
    sql: &'static str,
    parameters: impl Params,
    read: impl FnOnce(&Row<'_>) -> rusqlite::Result<T>,
) -> Result<Option<T>, LedgerError> {
    let run = || connection.prepare_cached(sql)?.query_row(parameters, read).optional();
    run().map_err(failed("read the ledger"))
}

/// Every row of a query.
pub(super) fn all<T>(
    connection: &Connection,
    sql: &'static str,
    parameters: impl Params,
    read: impl FnMut(&Row<'_>) -> rusqlite::Result<T>,
) -> Result<Vec<T>, LedgerError> {
    let run = || -> rusqlite::Result<Vec<T>> {
        connection.prepare_cached(sql)?.query_map(parameters, read)?.collect()
    };
    run().map_err(failed("read the ledger"))
}

/// The row of a body, if there is one.
pub(super) fn one_body<T: DeserializeOwned>(
    connection: &Connection,
    sql: &'static str,
    parameters: impl Params,
) -> Result<Option<T>, LedgerError> {
    one(connection, sql, parameters, |row| Ok(decode(row)))?.transpose()
}

/// The rows of bodies.
pub(super) fn all_bodies<T: DeserializeOwned>(
    connection: &Connection,
    sql: &'static str,
    parameters: impl Params,
) -> Result<Vec<T>, LedgerError> {
    all(connection, sql, parameters, |row| Ok(decode(row)))?.into_iter().collect()
}

/// A row from its first column, the body.
pub(super) fn decode<T: DeserializeOwned>(row: &Row<'_>) -> Result<T, LedgerError> {
    let body = row.get_ref(0).map_err(failed("read the ledger"))?;
    let body = body.as_bytes().map_err(corrupt)?;
    serde_json::from_slice(body).map_err(|error| corrupt(format!("a row does not decode: {error}")))
}

/// The bytes that stand behind a body.
pub(super) fn bytes(row: &Row<'_>) -> rusqlite::Result<Bytes> {
    bytes_at(row, 1)
}

/// The bytes of a column.
pub(super) fn bytes_at(row: &Row<'_>, column: usize) -> rusqlite::Result<Bytes> {
    Ok(Bytes::copy_from_slice(row.get_ref(column)?.as_bytes()?))
}
