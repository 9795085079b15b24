//! The database under one writer: a transaction at a time, and the [`Rows`] that a step sees in it.

use std::path::Path;
use std::time::{Duration, Instant};

use rusqlite::Connection;

use super::cache::RowCache;
use super::connection::{OpenedFile, open_writer};
use super::failure::failed;
use super::log::{Drafts, Head};
use super::schema;
use super::statement::{execute, one, sql};
use super::trees::Trees;
use crate::audit::stamp::Stamp;
use crate::ledger::{LedgerError, LedgerErrorKind, LedgerUrl};
use crate::protocol::row::{Key, Row, Scan};
use crate::protocol::{Result, Rows};

/// A version that no connection reports: everything is read again.
const UNKNOWN_VERSION: i64 = -1;

/// The database of a ledger, for its one writer in this process.
#[derive(Debug)]
pub(super) struct Store {
    connection: Connection,
    files: [OpenedFile; 2],
    busy_wait: Duration,
    head: Head,
    /// Changes when another connection has written.
    data_version: i64,
    rows: RowCache,
    trees: Trees,
    drafts: Drafts,
}

impl Store {
    /// Opens the database and brings its schema up to date.
    pub(super) fn open(
        url: &LedgerUrl,
        create: bool,
        busy_wait: Duration,
    ) -> Result<Self, LedgerError> {
        let connection = open_writer(url.path(), create)?;
        begin(&connection, busy_wait)?;
        schema::apply(&connection)
            .and_then(|()| execute(&connection, sql!("log/commit"), ()))
            .inspect_err(|_| roll_back(&connection))?;
        let files = [OpenedFile::at(url.path().to_owned())?, OpenedFile::at(url.beside("-wal"))?];
        Ok(Self {
            connection,
            files,
            busy_wait,
            head: Head::default(),
            data_version: UNKNOWN_VERSION,
            rows: RowCache::default(),
            trees: Trees::default(),
            drafts: Drafts::default(),
        })
    }

    /// The connection, for statements of the open transaction that are no rows.
    pub(super) const fn connection(&self) -> &Connection {
        &self.connection
    }

    /// What the last transaction left, or the one that is open started from.
    pub(super) const fn head(&self) -> &Head {
        &self.head
    }

    /// Bounds the size of the database file.
    pub(super) fn limit_bytes(&self, bytes_max: u64) -> Result<(), LedgerError> {
        let set = || {
            let page: i64 =
                self.connection.pragma_query_value(None, "page_size", |row| row.get(0))?;
            let pages = i64::try_from(bytes_max).unwrap_or(i64::MAX) / page;
            self.connection.pragma_update_and_check(None, "max_page_count", pages, |_| Ok(()))
        };
        set().map_err(failed("bound the ledger's size"))
    }

    /// How many pages the database file has, and may have.
    pub(super) fn pages(&self) -> Result<(i64, i64), LedgerError> {
        let read = |name| self.connection.pragma_query_value(None, name, |row| row.get(0));
        let pages = || Ok((read("page_count")?, read("max_page_count")?));
        pages().map_err(failed("read the ledger's size"))
    }

    /// Takes the write lock, and reads again what another connection may have changed.
    pub(super) fn begin(&mut self) -> Result<(), LedgerError> {
        begin(&self.connection, self.busy_wait)?;
        self.refresh().inspect_err(|_| self.roll_back())
    }

    /// Writes everything that the transaction changed, at this time of the ledger's clock.
    pub(super) fn write(&mut self, at_millis: u64) -> Result<Written, LedgerError> {
        self.rows.write_all(&self.connection, &mut self.trees)?;
        let next = self.drafts.write(&self.connection, &mut self.trees, &self.head, at_millis)?;
        Ok(Written(next))
    }

    /// Commits what was written. An error means that nothing was committed.
    pub(super) fn commit(&mut self, written: Written) -> Result<(), LedgerError> {
        self.files.iter().try_for_each(OpenedFile::expect_in_place)?;
        let next = written.0;
        if let Err(error) = execute(&self.connection, sql!("log/commit"), ()) {
            // The disk may have it although it failed to say so: only the file can tell.
            self.roll_back();
            if Head::read(&self.connection).ok().as_ref() != Some(&next) {
                return Err(error);
            }
        }
        self.head = next;
        self.rows.shrink();
        Ok(())
    }

    /// Gives the open transaction up, and with it all that is known.
    pub(super) fn roll_back(&mut self) {
        roll_back(&self.connection);
        self.data_version = UNKNOWN_VERSION;
        self.forget();
    }

    /// Copies the write-ahead log into the database, so that the one file is the whole ledger. As far
    /// as others let it: they copy the rest.
    pub(super) fn copy_wal(&self) {
        let _ = one(&self.connection, sql!("log/copy_wal"), (), |_| Ok(()));
    }

    fn refresh(&mut self) -> Result<(), LedgerError> {
        let version = one(&self.connection, sql!("log/data_version"), (), |row| row.get(0))?;
        let version = version.unwrap_or(UNKNOWN_VERSION);
        if version != self.data_version || version == UNKNOWN_VERSION {
            self.forget();
            self.head = Head::read(&self.connection)?;
            self.data_version = version;
        }
        Ok(())
    }

    fn forget(&mut self) {
        self.rows.forget();
        self.trees.forget();
        self.drafts.forget();
    }
}

/// Proof that a transaction is written and may be committed: the head that it leaves.
#[derive(Debug)]
pub(super) struct Written(Head);

impl Rows for Store {
    fn load(&mut self, key: &Key) -> Result<Option<Row>> {
        self.rows.load(&self.connection, key)
    }

    fn save(&mut self, row: Row) -> Result<()> {
        self.rows.change(row.key(), Some(row));
        Ok(())
    }

    fn remove(&mut self, key: &Key) -> Result<()> {
        self.rows.change(key.clone(), None);
        Ok(())
    }

    fn scan(&mut self, scan: &Scan) -> Result<Vec<Row>> {
        self.rows.scan(&self.connection, &mut self.trees, scan)
    }

    fn append(&mut self, stamp: &Stamp) -> Result<u64> {
        self.drafts.add(self.head.frontier.size(), stamp)
    }
}

/// Waits for the write lock, at most `busy_wait` and one wait of SQLite's.
fn begin(connection: &Connection, busy_wait: Duration) -> Result<(), LedgerError> {
    let started = Instant::now();
    loop {
        match execute(connection, sql!("log/begin"), ()) {
            Err(error)
                if error.kind() == LedgerErrorKind::Busy && started.elapsed() < busy_wait => {}
            ended => return ended,
        }
    }
}

fn roll_back(connection: &Connection) {
    if !connection.is_autocommit() {
        // If even this fails, the next transaction cannot begin and reports why.
        let _ = execute(connection, sql!("log/rollback"), ());
    }
}

/// Whether a file stands at the path.
pub(super) fn exists(path: &Path) -> bool {
    path.symlink_metadata().is_ok()
}
