//! Opening connections, and noticing that the file under one is gone.

use std::io;
use std::os::unix::fs::MetadataExt as _;
use std::path::{Path, PathBuf};
use std::time::Duration;

use rusqlite::config::DbConfig;
use rusqlite::{Connection, OpenFlags};

use super::failure::failed;
use crate::ledger::{LedgerError, LedgerErrorKind};

/// Statements kept prepared, more than there are.
const STATEMENTS_MAX: usize = 128;
/// Page cache of the writer, in KiB; SQLite takes it as a negative number.
const WRITER_CACHE_KIB: i64 = 65_536;
/// Pages of the write-ahead log after which they are copied into the database.
const WAL_PAGES: i64 = 4_096;
/// The log file is cut to this length when it is reused.
const WAL_BYTES_KEPT: i64 = 64 << 20;
/// The wait inside SQLite. Short steps: SQLite's own wait grows to 100 ms and would sleep through the
/// few milliseconds in which a busy writer lets others in.
const WAIT_STEP: Duration = Duration::from_millis(1);
const WAIT_STEPS_MAX: i32 = 100;

/// Opens the database for writing.
pub(super) fn open_writer(path: &Path, create: bool) -> Result<Connection, LedgerError> {
    let mut flags = OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    if create {
        flags |= OpenFlags::SQLITE_OPEN_CREATE;
    }
    let connection = open(path, flags)?;
    let set = |name: &str, value: &dyn rusqlite::ToSql| {
        connection.pragma_update(None, name, value).map_err(failed("set up the ledger"))
    };
    set_journal_mode(&connection)?;
    set("synchronous", &"FULL")?;
    set("cache_size", &-WRITER_CACHE_KIB)?;
    set("wal_autocheckpoint", &WAL_PAGES)?;
    set("journal_size_limit", &WAL_BYTES_KEPT)?;
    Ok(connection)
}

/// Opens the database for reading; works while other processes write.
pub(super) fn open_reader(path: &Path) -> Result<Connection, LedgerError> {
    open(path, OpenFlags::SQLITE_OPEN_READ_ONLY | OpenFlags::SQLITE_OPEN_NO_MUTEX)
}

fn open(path: &Path, flags: OpenFlags) -> Result<Connection, LedgerError> {
    let mut connection =
        Connection::open_with_flags(path, flags).map_err(failed("open the ledger"))?;
    connection.busy_handler(Some(wait)).map_err(failed("open the ledger"))?;
    connection.set_prepared_statement_cache_capacity(STATEMENTS_MAX);
    // Else SQLite prepares a statement again whenever a parameter changes that might choose an index.
    connection
        .set_db_config(DbConfig::SQLITE_DBCONFIG_ENABLE_QPSG, true)
        .map_err(failed("set up the ledger"))?;
    Ok(connection)
}

fn wait(steps: i32) -> bool {
    std::thread::sleep(WAIT_STEP);
    steps < WAIT_STEPS_MAX
}

/// Changing the mode of a new file needs it alone, and SQLite does not wait for that.
fn set_journal_mode(connection: &Connection) -> Result<(), LedgerError> {
    let mut steps = 0;
    loop {
        let set = connection
            .pragma_update_and_check(None, "journal_mode", "WAL", |row| row.get::<_, String>(0));
        match set.map_err(failed("set up the ledger")) {
            Ok(mode) if mode == "wal" => return Ok(()),
            Ok(mode) => {
                let message =
                    format!("the ledger's disk offers no shared memory: journal mode {mode}");
                return Err(LedgerError::new(LedgerErrorKind::Io, message));
            }
            Err(error) if error.kind() == LedgerErrorKind::Busy && wait(steps) => steps += 1,
            Err(error) => return Err(error),
        }
    }
}

/// The file that was opened, to be told from another one at its path.
#[derive(Debug)]
pub(super) struct OpenedFile {
    path: PathBuf,
    device: u64,
    inode: u64,
}

impl OpenedFile {
    /// The file that stands at the path now.
    pub(super) fn at(path: PathBuf) -> Result<Self, LedgerError> {
        let metadata = path.metadata().map_err(|error| lost(&path, &error.to_string()))?;
        Ok(Self { device: metadata.dev(), inode: metadata.ino(), path })
    }

    /// An error of kind `Lost` if the path has another file by now, or none.
    pub(super) fn expect_in_place(&self) -> Result<(), LedgerError> {
        match self.path.metadata() {
            Ok(now) if (now.dev(), now.ino()) == (self.device, self.inode) => Ok(()),
            Ok(_) => Err(lost(&self.path, "another file stands in its place")),
            Err(error) if error.kind() == io::ErrorKind::NotFound => {
                Err(lost(&self.path, "it was deleted or moved"))
            }
            Err(error) => Err(lost(&self.path, &error.to_string())),
        }
    }
}

fn lost(path: &Path, why: &str) -> LedgerError {
    let message = format!(
        "the ledger's file {} is not there any more: {why}; put it back, then open the ledger again",
        path.display()
    );
    LedgerError::new(LedgerErrorKind::Lost, message)
}
