//! What a step sees and changes: rows by key, scans, stamps, and the time it is given.

use super::id::{EventKey, ExecutionId, PlanDigest, ScopeKey, TreeId, WorkerId};
use super::row::{
    Automaton, Claim, Control, Counters, DeadLetter, Effect, EffectKey, Execution, Fence, Key,
    OutboxRow, Parked, Plan, Recorded, Row, Scan, Target, Worker,
};
use super::settings::Settings;
use crate::audit::stamp::{Fact, Stamp};
use crate::contract::Contracts;
use crate::digest::Digest;
use crate::ledger::{LedgerError, LedgerErrorKind};

/// What a step returns when the ledger fails under it; the whole transaction is given up.
pub type Result<T, E = LedgerError> = std::result::Result<T, E>;

/// The rows of a ledger inside one write transaction.
pub trait Rows {
    /// The row of this key.
    fn load(&mut self, key: &Key) -> Result<Option<Row>>;
    /// Writes a row over the one with its key.
    fn save(&mut self, row: Row) -> Result<()>;
    /// Removes a row; nothing happens if it is missing.
    fn remove(&mut self, key: &Key) -> Result<()>;
    /// Rows by something else than their key, in the order that the scan documents.
    fn scan(&mut self, scan: &Scan) -> Result<Vec<Row>>;
    /// Appends a stamp and returns its index in the log.
    fn append(&mut self, stamp: &Stamp) -> Result<u64>;
}

/// What one step works on. There is no clock and no randomness in here: both are given.
pub struct State<'a> {
    /// The ledger's rows.
    pub rows: &'a mut dyn Rows,
    /// The contracts that are enforced.
    pub contracts: &'a Contracts,
    /// Numbers that are not part of a contract.
    pub settings: &'a Settings,
    /// The ledger's clock, in milliseconds.
    pub now: u64,
    /// Fresh randomness for this step; salts are derived from it.
    pub entropy: Digest,
    /// Salts taken so far.
    pub salts: u32,
}

impl std::fmt::Debug for State<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("State").field("now", &self.now).finish_non_exhaustive()
    }
}

macro_rules! getter {
    ($name:ident, $variant:ident, $type:ty, $key:ty) => {
        pub(super) fn $name(&mut self, key: $key) -> Result<Option<$type>> {
            match self.rows.load(&Key::$variant(key))? {
                None => Ok(None),
                Some(Row::$variant(row)) => Ok(Some(row)),
                Some(other) => Err(wrong_row(stringify!($variant), &other)),
            }
        }
    };
}

macro_rules! lister {
    ($name:ident, $variant:ident, $type:ty) => {
        pub(super) fn $name(&mut self, scan: &Scan) -> Result<Vec<$type>> {
            let rows = self.rows.scan(scan)?;
            rows.into_iter()
                .map(|row| match row {
                    Row::$variant(row) => Ok(row),
                    other => Err(wrong_row(stringify!($variant), &other)),
                })
                .collect()
        }
    };
}

impl State<'_> {
    getter!(execution, Execution, Execution, ExecutionId);
    getter!(recorded, Recorded, Recorded, EventKey);
    getter!(outbox, Outbox, OutboxRow, u64);
    getter!(parked, Parked, Parked, ExecutionId);
    getter!(dead_letter, DeadLetter, DeadLetter, ExecutionId);
    getter!(effect, Effect, Effect, EffectKey);
    getter!(plan, Plan, Plan, PlanDigest);
    getter!(fence, Fence, Fence, TreeId);
    getter!(automaton, Automaton, Automaton, ScopeKey);
    getter!(control, Control, Control, Target);
    getter!(worker, Worker, Worker, WorkerId);
    lister!(outbox_rows, Outbox, OutboxRow);
    lister!(parked_rows, Parked, Parked);
    lister!(effects, Effect, Effect);
    lister!(executions, Execution, Execution);
    lister!(fences, Fence, Fence);
}

impl State<'_> {
    /// The numbers of the whole ledger.
    pub(super) fn counters(&mut self) -> Result<Counters> {
        match self.rows.load(&Key::Counters)? {
            Some(Row::Counters(counters)) => Ok(counters),
            Some(other) => Err(wrong_row("Counters", &other)),
            None => Ok(Counters::default()),
        }
    }

    /// The effects of an execution; most have none, and are not looked for.
    pub(super) fn effects_of(&mut self, execution: &Execution) -> Result<Vec<Effect>> {
        match execution.effects {
            0 => Ok(Vec::new()),
            _ => self.effects(&Scan::EffectsOf { execution: execution.id }),
        }
    }

    /// The next of one of the numbers that only rise.
    pub(super) fn count(&mut self, change: impl FnOnce(&mut Counters) -> &mut u64) -> Result<u64> {
        let mut counters = self.counters()?;
        let number = change(&mut counters);
        *number += 1;
        let number = *number;
        self.rows.save(Row::Counters(counters))?;
        Ok(number)
    }

    /// Appends a stamp about an execution.
    pub(super) fn stamp(&mut self, execution: &Execution, fact: Fact) -> Result<u64> {
        let tree = Some(execution.tree.clone());
        self.append(Some(execution.id), tree, fact)
    }

    /// Appends a stamp.
    pub(super) fn append(
        &mut self,
        execution: Option<ExecutionId>,
        tree: Option<TreeId>,
        fact: Fact,
    ) -> Result<u64> {
        self.rows.append(&Stamp { at_millis: self.now, execution, tree, fact })
    }

    /// A salt that nobody can guess and that no other event has.
    pub(super) fn salt(&mut self) -> Digest {
        self.salts += 1;
        Digest::of_fields("wingman/salt", &[self.entropy.as_bytes(), &self.salts.to_be_bytes()])
    }

    /// Whether the holder of a claim may still act under it (R2).
    pub(super) fn is_alive(&mut self, claim: &Claim) -> Result<bool> {
        let worker = self.worker(claim.worker)?;
        Ok(worker.is_some_and(|it| it.epoch == claim.epoch && it.expires_millis > self.now))
    }

    /// Whether a standing order stops this handler (P-03).
    pub(super) fn is_halted(&mut self, handler: &str) -> Result<bool> {
        for target in [Target::All, Target::Handler(handler.to_owned())] {
            if self.control(target)?.is_some_and(|control| control.halted) {
                return Ok(true);
            }
        }
        Ok(false)
    }
}

fn wrong_row(asked: &str, found: &Row) -> LedgerError {
    LedgerError::new(
        LedgerErrorKind::Corrupt,
        format!("asked for a row of {asked} and found {:?}", found.key()),
    )
}
