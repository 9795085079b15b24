//! Numbers that stand for correlations in every index.

use std::collections::HashMap;

use rusqlite::Connection;

use super::failure::corrupt;
use super::statement::{execute, one, sql};
use crate::ledger::LedgerError;
use crate::protocol::id::TreeId;

/// Numbers kept in memory; beyond it the memory starts anew.
const KNOWN_MAX: usize = 16_384;

/// The numbers of the trees that were asked for lately.
#[derive(Debug, Default)]
pub(super) struct Trees(HashMap<TreeId, i64>);

impl Trees {
    /// The number of a tree; a new one if it has none. The caller holds the write lock.
    pub(super) fn number(&mut self, at: &Connection, tree: &TreeId) -> Result<i64, LedgerError> {
        if let Some(number) = self.0.get(tree) {
            return Ok(*number);
        }
        // Most trees that are not known here are new.
        execute(at, sql!("log/number_tree"), [&**tree])?;
        let number = if at.changes() > 0 {
            at.last_insert_rowid()
        } else {
            let found = one(at, sql!("log/find_tree"), [&**tree], |row| row.get(0))?;
            found.ok_or_else(|| corrupt("a tree has no number"))?
        };
        if self.0.len() >= KNOWN_MAX {
            self.0.clear();
        }
        self.0.insert(tree.clone(), number);
        Ok(number)
    }

    /// Forgets what a rollback or another writer may have changed.
    pub(super) fn forget(&mut self) {
        self.0.clear();
    }
}
