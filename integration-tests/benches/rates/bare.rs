//! The bare side: the very rows that a governed run left, written again by a plain loop with prepared
//! statements, in as many transactions, with the same tables, indexes and durability.

use std::path::Path;
use std::time::{Duration, Instant};

use rusqlite::types::Value;
use rusqlite::{Connection, OpenFlags};

/// What a governed run wrote.
pub(crate) struct Replay {
    schema: Vec<String>,
    tables: Vec<Table>,
    commits: usize,
}

struct Table {
    insert: String,
    rows: Vec<Vec<Value>>,
    /// Written at the start and again at the end of an execution.
    twice: bool,
}

impl Replay {
    /// Reads the rows of a closed ledger, and how often it committed.
    pub(crate) fn of(path: &Path) -> Self {
        let from = Connection::open_with_flags(path, OpenFlags::SQLITE_OPEN_READ_ONLY).unwrap();
        let turn: i64 = from.query_row("SELECT turn FROM head", [], |row| row.get(0)).unwrap();
        let commits = usize::try_from(turn).unwrap();
        let texts = |kind: &str| -> Vec<(String, String)> {
            let query = "SELECT name, sql FROM sqlite_master WHERE type = ?1 AND sql IS NOT NULL";
            let mut statement = from.prepare(query).unwrap();
            let rows = statement.query_map([kind], |row| Ok((row.get(0)?, row.get(1)?))).unwrap();
            rows.map(Result::unwrap).collect()
        };
        let tables = texts("table");
        let schema = tables.iter().chain(&texts("index")).map(|(_, sql)| sql.clone()).collect();
        let tables = tables.iter().map(|(name, _)| Table::of(&from, name)).collect();
        Self { schema, tables, commits }
    }

    /// Writes them and returns how long that took, opening not counted.
    pub(crate) fn run(&self, path: &Path) -> Duration {
        let to = Connection::open(path).unwrap();
        to.pragma_update(None, "journal_mode", "wal").unwrap();
        to.pragma_update(None, "synchronous", "full").unwrap();
        self.schema.iter().for_each(|sql| to.execute_batch(sql).unwrap());
        let started = Instant::now();
        for commit in 0..self.commits {
            to.execute_batch("BEGIN IMMEDIATE").unwrap();
            for table in &self.tables {
                table.write(&to, commit, self.commits);
                if table.twice && commit > 0 {
                    table.write(&to, commit - 1, self.commits);
                }
            }
            to.execute_batch("COMMIT").unwrap();
        }
        started.elapsed()
    }
}

impl Table {
    fn of(from: &Connection, name: &str) -> Self {
        let mut statement = from.prepare(&format!("SELECT * FROM {name}")).unwrap();
        let columns = statement.column_count();
        let marks = vec!["?"; columns].join(", ");
        let rows = statement
            .query_map([], |row| (0..columns).map(|at| row.get(at)).collect())
            .unwrap()
            .map(Result::unwrap)
            .collect();
        let insert = format!("INSERT OR REPLACE INTO {name} VALUES ({marks})");
        Self { insert, rows, twice: name == "executions" }
    }

    /// The share of the rows that belongs to one commit; a table with few rows is written each time.
    fn write(&self, to: &Connection, commit: usize, commits: usize) {
        let count = self.rows.len();
        let share = if count < commits {
            0..count.min(1)
        } else {
            count * commit / commits..count * (commit + 1) / commits
        };
        let mut insert = to.prepare_cached(&self.insert).unwrap();
        for row in &self.rows[share] {
            insert.execute(rusqlite::params_from_iter(row)).unwrap();
        }
    }
}
