//! The ledger in memory: rows, scans as `row` documents them, and transactions that can be lost.

use std::collections::{BTreeMap, BTreeSet};
use std::rc::Rc;

use crate::audit::stamp::Stamp;
use crate::ledger::{LedgerError, LedgerErrorKind};
use crate::protocol::row::{
    EffectState, FenceState, Key, OutboxState, ParkReason, Parked, Row, Scan,
};
use crate::protocol::state::{Result, Rows};

/// One row before and after a write.
#[derive(Debug, Clone)]
pub(super) struct Change {
    pub(super) key: Key,
    pub(super) before: Option<Rc<Row>>,
    pub(super) after: Option<Rc<Row>>,
}

/// A place in a transaction to go back to.
#[derive(Debug, Clone, Copy)]
pub(super) struct Savepoint {
    journal: usize,
    stamps: usize,
}

/// All rows and stamps.
#[derive(Debug, Default)]
pub(super) struct Store {
    tables: BTreeMap<u8, BTreeMap<Key, Rc<Row>>>,
    unpublished: BTreeSet<u64>,
    pub(super) stamps: Vec<Stamp>,
    journal: Vec<Change>,
    /// Fails the operation after this many more.
    pub(super) fail_in: Option<u32>,
}

impl Store {
    pub(super) fn savepoint(&self) -> Savepoint {
        Savepoint { journal: self.journal.len(), stamps: self.stamps.len() }
    }

    /// Undoes what was written since, as a crash before the commit does.
    pub(super) fn roll_back(&mut self, to: Savepoint) {
        while self.journal.len() > to.journal {
            let Some(change) = self.journal.pop() else {
                break;
            };
            self.put(change.key, change.before);
        }
        self.stamps.truncate(to.stamps);
    }

    /// What was written since the start of the transaction.
    pub(super) fn changes(&self, since: Savepoint, until: Option<Savepoint>) -> &[Change] {
        let end = until.map_or(self.journal.len(), |it| it.journal);
        &self.journal[since.journal..end]
    }

    /// The stamps of that part, and the index of the first.
    pub(super) fn stamped(&self, since: Savepoint, until: Option<Savepoint>) -> (u64, &[Stamp]) {
        let end = until.map_or(self.stamps.len(), |it| it.stamps);
        (since.stamps as u64, &self.stamps[since.stamps..end])
    }

    pub(super) fn commit(&mut self) {
        self.journal.clear();
    }

    pub(super) fn get(&self, key: &Key) -> Option<&Row> {
        self.tables.get(&table(key))?.get(key).map(|it| &**it)
    }

    /// Rows of one table, in the order of their keys.
    pub(super) fn rows(&self, table: u8) -> impl DoubleEndedIterator<Item = &Row> {
        self.tables.get(&table).into_iter().flat_map(|it| it.values()).map(|it| &**it)
    }

    pub(super) fn parked(&self) -> impl Iterator<Item = &Parked> {
        self.rows(PARKED).filter_map(|row| match row {
            Row::Parked(parked) => Some(parked),
            _ => None,
        })
    }

    pub(super) fn has_unpublished(&self) -> bool {
        !self.unpublished.is_empty()
    }

    fn put(&mut self, key: Key, row: Option<Rc<Row>>) {
        if let Key::Outbox(sequence) = key {
            let open = matches!(row.as_deref(), Some(Row::Outbox(it))
                if matches!(it.state, OutboxState::Unpublished | OutboxState::Publishing));
            if open {
                self.unpublished.insert(sequence);
            } else {
                self.unpublished.remove(&sequence);
            }
        }
        let rows = self.tables.entry(table(&key)).or_default();
        match row {
            Some(row) => rows.insert(key, row),
            None => rows.remove(&key),
        };
    }

    fn write(&mut self, key: Key, after: Option<Rc<Row>>) {
        let before = self.tables.get(&table(&key)).and_then(|rows| rows.get(&key)).cloned();
        self.put(key.clone(), after.clone());
        self.journal.push(Change { key, before, after });
    }

    fn may_fail(&mut self) -> Result<()> {
        match &mut self.fail_in {
            Some(0) => {
                self.fail_in = None;
                let what = "the simulated disk refused this row";
                Err(LedgerError::new(LedgerErrorKind::Io, what))
            }
            Some(left) => {
                *left -= 1;
                Ok(())
            }
            None => Ok(()),
        }
    }

    fn parked_where(&self, is: impl Fn(&Parked) -> bool) -> Vec<&Parked> {
        let mut rows: Vec<&Parked> = self.parked().filter(|it| is(it)).collect();
        rows.sort_by_key(|it| it.sequence);
        rows
    }
}

impl Rows for Store {
    fn load(&mut self, key: &Key) -> Result<Option<Row>> {
        Ok(self.get(key).cloned())
    }

    fn save(&mut self, row: Row) -> Result<()> {
        self.may_fail()?;
        self.write(row.key(), Some(Rc::new(row)));
        Ok(())
    }

    fn remove(&mut self, key: &Key) -> Result<()> {
        self.may_fail()?;
        self.write(key.clone(), None);
        Ok(())
    }

    fn scan(&mut self, scan: &Scan) -> Result<Vec<Row>> {
        Ok(self.find(scan))
    }

    fn append(&mut self, stamp: &Stamp) -> Result<u64> {
        self.may_fail()?;
        self.stamps.push(stamp.clone());
        Ok(self.stamps.len() as u64 - 1)
    }
}

impl Store {
    fn find(&self, scan: &Scan) -> Vec<Row> {
        let parked = |rows: Vec<&Parked>, max: usize| -> Vec<Row> {
            let rows = rows.into_iter().take(max).cloned();
            rows.map(Row::Parked).collect()
        };
        match scan {
            Scan::Unpublished { max } => {
                let rows = self.unpublished.iter().take(*max);
                rows.filter_map(|it| self.get(&Key::Outbox(*it)).cloned()).collect()
            }
            Scan::ParkedDue { handler, now, max } => {
                let due = |it: &Parked| it.due_millis.min(it.deadline_millis) <= *now;
                let rows = self.parked_where(|it| it.handler == *handler && due(it));
                parked(rows, *max)
            }
            Scan::ParkedLane { lane, with_ordered, max } => {
                let ordered = |it: &Parked| matches!(it.reason, ParkReason::Order { .. });
                let mut rows = self.parked_where(|it| {
                    it.lane.as_ref() == Some(lane) && (*with_ordered || !ordered(it))
                });
                rows.sort_by_key(|it| it.claim.is_none());
                parked(rows, *max)
            }
            Scan::ParkedPlan { plan } => {
                let reason = ParkReason::Approval { plan: *plan };
                parked(self.parked_where(|it| it.reason == reason), usize::MAX)
            }
            Scan::ParkedScope { scope } => {
                let reason = ParkReason::Order { scope: *scope };
                parked(self.parked_where(|it| it.reason == reason), usize::MAX)
            }
            Scan::EffectsOf { .. } | Scan::EffectsIn { .. } | Scan::EffectsPending { .. } => {
                self.find_effects(scan)
            }
            Scan::ExecutionsIn { tree } => self.executions_in(tree),
            Scan::StartedIn { lane } => self
                .rows(EXECUTION)
                .filter(|row| {
                    matches!(row, Row::Execution(it)
                    if it.phase.claim().is_some() && it.lane().as_ref() == Some(lane))
                })
                .cloned()
                .collect(),
            Scan::UnpublishedIn { tree } => {
                let rows = self.unpublished.iter();
                rows.filter_map(|it| self.get(&Key::Outbox(*it)))
                    .filter(|row| matches!(row, Row::Outbox(it) if it.tree == *tree))
                    .cloned()
                    .collect()
            }
            Scan::FencesOpen => self
                .rows(FENCE)
                .filter(|row| matches!(row, Row::Fence(it) if it.state != FenceState::Closed))
                .cloned()
                .collect(),
        }
    }

    fn executions_in(&self, tree: &str) -> Vec<Row> {
        let rows = self.rows(EXECUTION);
        let mut rows: Vec<&Row> =
            rows.filter(|row| matches!(row, Row::Execution(it) if &*it.tree == tree)).collect();
        rows.sort_by_key(|row| match row {
            Row::Execution(it) => it.first_millis,
            _ => 0,
        });
        rows.into_iter().cloned().collect()
    }

    fn find_effects(&self, scan: &Scan) -> Vec<Row> {
        let mut rows: Vec<_> = self
            .rows(EFFECT)
            .filter_map(|row| match row {
                Row::Effect(effect) => Some(effect),
                _ => None,
            })
            .filter(|it| match scan {
                Scan::EffectsOf { execution } => it.key.execution == *execution,
                Scan::EffectsIn { tree } => it.tree == *tree,
                _ => matches!(
                    it.state,
                    EffectState::Pending { .. } | EffectState::Compensating { .. }
                ),
            })
            .collect();
        rows.sort_by_key(|it| it.sequence);
        if let Scan::EffectsPending { max } = scan {
            rows.reverse();
            rows.truncate(*max);
        }
        rows.into_iter().cloned().map(Row::Effect).collect()
    }
}

pub(super) const EXECUTION: u8 = 0;
pub(super) const OUTBOX: u8 = 2;
pub(super) const PARKED: u8 = 3;
pub(super) const EFFECT: u8 = 4;
pub(super) const FENCE: u8 = 6;
pub(super) const LETTER: u8 = 8;
pub(super) const EVIDENCE: u8 = 13;

fn table(key: &Key) -> u8 {
    match key {
        Key::Execution(_) => EXECUTION,
        Key::Recorded(_) => 1,
        Key::Outbox(_) => OUTBOX,
        Key::Parked(_) => PARKED,
        Key::Effect(_) => EFFECT,
        Key::Plan(_) => 5,
        Key::Fence(_) => FENCE,
        Key::Automaton(_) => 7,
        Key::DeadLetter(_) => LETTER,
        Key::Control(_) => 9,
        Key::Worker(_) => 10,
        Key::Lease => 11,
        Key::Counters => 12,
        Key::Evidence(_) => EVIDENCE,
    }
}
