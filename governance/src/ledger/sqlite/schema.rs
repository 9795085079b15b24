//! The numbered schema files, and the runner that applies what a database lacks.

use rusqlite::Connection;

use super::failure::{corrupt, failed};
use super::statement::{execute, sql};
use crate::ledger::{LedgerError, LedgerErrorKind};

/// Schema files in their order; version n is the n-th.
const FILES: [&str; 3] = [sql!("schema/0001"), sql!("schema/0002"), sql!("schema/0003")];

/// Brings the database to the newest schema. The caller holds the write lock.
pub(super) fn apply(connection: &Connection) -> Result<(), LedgerError> {
    let version = version(connection)?;
    execute(connection, sql!("schema/versions"), ())?;
    for (at, file) in FILES.iter().enumerate().skip(version) {
        connection.execute_batch(file).map_err(failed("write the ledger's schema"))?;
        execute(connection, sql!("schema/applied"), [at as i64 + 1])?;
    }
    Ok(())
}

/// Refuses a database that is no ledger, or of another version.
pub(super) fn expect(connection: &Connection) -> Result<(), LedgerError> {
    match version(connection)? {
        found if found == FILES.len() => Ok(()),
        0 => Err(corrupt("the database is empty")),
        found => Err(other_version(found, "open it once with this version's writer")),
    }
}

fn version(connection: &Connection) -> Result<usize, LedgerError> {
    let read = failed("read the ledger's version");
    let (tables, versions): (i64, i64) = connection
        .query_row(sql!("schema/tables"), (), |row| Ok((row.get(0)?, row.get(1)?)))
        .map_err(&read)?;
    if tables == 0 {
        return Ok(0);
    }
    if versions == 0 {
        return Err(corrupt("the database belongs to another program"));
    }
    let version: i64 =
        connection.query_row(sql!("schema/newest"), (), |row| row.get(0)).map_err(&read)?;
    match usize::try_from(version) {
        Ok(version) if version <= FILES.len() => Ok(version),
        Ok(version) => Err(other_version(version, "use the version that wrote it, or a newer one")),
        Err(_) => Err(corrupt(format!("its schema has the version {version}"))),
    }
}

fn other_version(found: usize, remedy: &str) -> LedgerError {
    let message = format!(
        "the ledger's schema has version {found}, and this program knows {}: {remedy}",
        FILES.len()
    );
    LedgerError::new(LedgerErrorKind::Version, message)
}
