//! Rows of the transaction that are not written yet, and rows that the next one need not read.
//!
//! A row that changes often in one transaction is written once; rows that the next step asks for
//! again are neither read nor parsed again. What is kept holds only until another connection writes.

use std::collections::HashMap;

use rusqlite::Connection;

use super::load::load;
use super::save::{remove, save};
use super::scan::scan;
use super::statement::{Writing, one, sql};
use super::trees::Trees;
use crate::ledger::LedgerError;
use crate::protocol::row::{Key, Row, Scan};

/// Rows kept from one transaction to the next; beyond it the memory starts anew.
const KEPT_MAX: usize = 16_384;

/// A row, or the knowledge that there is none.
#[derive(Debug)]
struct Known {
    row: Option<Row>,
    /// Not written yet.
    changed: bool,
}

/// What the writer knows about rows.
#[derive(Debug, Default)]
pub(super) struct RowCache {
    known: HashMap<Key, Known>,
    /// Keys of changed rows, by table, in the order of their first change.
    changed: HashMap<Table, Vec<Key>>,
    /// Whether the file may have a fence that is not known here, once that was looked for: every event
    /// asks for one, and most ledgers have none.
    more_fences: Option<bool>,
}

impl RowCache {
    /// The row of a key.
    pub(super) fn load(&mut self, at: &Connection, key: &Key) -> Result<Option<Row>, LedgerError> {
        if let Some(known) = self.known.get(key) {
            return Ok(known.row.clone());
        }
        if matches!(key, Key::Fence(_)) && !self.may_have_fence(at)? {
            return Ok(None);
        }
        let row = load(at, key)?;
        if Table::of(key).is_kept() {
            let known = Known { row: row.clone(), changed: false };
            self.known.insert(key.clone(), known);
        }
        Ok(row)
    }

    /// Takes a row, or the removal of one, to be written before the commit.
    pub(super) fn change(&mut self, key: Key, row: Option<Row>) {
        let known = Known { row, changed: true };
        let before = self.known.insert(key.clone(), known);
        if !before.is_some_and(|before| before.changed) {
            self.changed.entry(Table::of(&key)).or_default().push(key);
        }
    }

    /// The rows of a scan; changes of its table are written first.
    pub(super) fn scan(
        &mut self,
        at: &Connection,
        trees: &mut Trees,
        by: &Scan,
    ) -> Result<Vec<Row>, LedgerError> {
        self.write(at, trees, Table::of_scan(by))?;
        scan(at, by)
    }

    /// Writes every change.
    pub(super) fn write_all(
        &mut self,
        to: &Connection,
        trees: &mut Trees,
    ) -> Result<(), LedgerError> {
        Table::ALL.into_iter().try_for_each(|table| self.write(to, trees, table))
    }

    /// Forgets everything: after a rollback, or when another connection wrote.
    pub(super) fn forget(&mut self) {
        self.known.clear();
        self.changed.clear();
        self.more_fences = None;
    }

    /// Keeps memory within its bound; only between transactions.
    pub(super) fn shrink(&mut self) {
        if self.known.len() > KEPT_MAX {
            self.forget();
        }
    }

    /// What is written here stays known until everything is forgotten, so that the answer holds.
    fn may_have_fence(&mut self, at: &Connection) -> Result<bool, LedgerError> {
        if let Some(more) = self.more_fences {
            return Ok(more);
        }
        let more = one(at, sql!("read/has_fence"), (), |row| row.get(0))?.unwrap_or(true);
        self.more_fences = Some(more);
        Ok(more)
    }

    fn write(
        &mut self,
        to: &Connection,
        trees: &mut Trees,
        table: Table,
    ) -> Result<(), LedgerError> {
        let Some(keys) = self.changed.get_mut(&table) else {
            return Ok(());
        };
        let mut to = Writing::to(to);
        for key in keys.drain(..) {
            let Some(known) = self.known.get_mut(&key) else {
                continue;
            };
            let done = match &known.row {
                Some(row) => {
                    save(&mut to, trees, row)?;
                    is_done(row)
                }
                None => remove(&mut to, &key).map(|()| false)?,
            };
            known.changed = false;
            if done || !table.is_kept() {
                self.known.remove(&key);
            }
        }
        Ok(())
    }
}

/// Whether nobody is likely to ask for the row again soon.
fn is_done(row: &Row) -> bool {
    matches!(row, Row::Execution(execution) if execution.phase.is_outcome())
}

/// Tables of rows.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
enum Table {
    Execution,
    Recorded,
    Outbox,
    Parked,
    Effect,
    Evidence,
    Plan,
    Fence,
    Automaton,
    DeadLetter,
    Control,
    Worker,
    Lease,
    Counters,
}

impl Table {
    const ALL: [Self; 14] = [
        Self::Execution,
        Self::Recorded,
        Self::Outbox,
        Self::Parked,
        Self::Effect,
        Self::Evidence,
        Self::Plan,
        Self::Fence,
        Self::Automaton,
        Self::DeadLetter,
        Self::Control,
        Self::Worker,
        Self::Lease,
        Self::Counters,
    ];

    const fn of(key: &Key) -> Self {
        match key {
            Key::Execution(_) => Self::Execution,
            Key::Recorded(_) => Self::Recorded,
            Key::Outbox(_) => Self::Outbox,
            Key::Parked(_) => Self::Parked,
            Key::Effect(_) => Self::Effect,
            Key::Evidence(_) => Self::Evidence,
            Key::Plan(_) => Self::Plan,
            Key::Fence(_) => Self::Fence,
            Key::Automaton(_) => Self::Automaton,
            Key::DeadLetter(_) => Self::DeadLetter,
            Key::Control(_) => Self::Control,
            Key::Worker(_) => Self::Worker,
            Key::Lease => Self::Lease,
            Key::Counters => Self::Counters,
        }
    }

    const fn of_scan(scan: &Scan) -> Self {
        match scan {
            Scan::Unpublished { .. } | Scan::UnpublishedIn { .. } => Self::Outbox,
            Scan::ParkedDue { .. }
            | Scan::ParkedLane { .. }
            | Scan::ParkedPlan { .. }
            | Scan::ParkedScope { .. } => Self::Parked,
            Scan::EffectsOf { .. } | Scan::EffectsIn { .. } | Scan::EffectsPending { .. } => {
                Self::Effect
            }
            Scan::ExecutionsIn { .. } | Scan::StartedIn { .. } => Self::Execution,
            Scan::FencesOpen => Self::Fence,
        }
    }

    /// Rows with bytes of any size are not kept in memory once they are written.
    const fn is_kept(self) -> bool {
        match self {
            Self::Outbox | Self::Parked | Self::Effect | Self::Evidence | Self::DeadLetter => false,
            Self::Execution
            | Self::Recorded
            | Self::Plan
            | Self::Fence
            | Self::Automaton
            | Self::Control
            | Self::Worker
            | Self::Lease
            | Self::Counters => true,
        }
    }
}
