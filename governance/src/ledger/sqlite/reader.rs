//! Reading a ledger, beside whoever writes it.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use rusqlite::{Connection, params};

use super::connection::open_reader;
use super::failure::corrupt;
use super::load::{blob, integer, load};
use super::log::Head;
use super::proof;
use super::scan::{dead_letter_row, effects, limit, outbox, parked};
use super::schema;
use super::stamps;
use super::statement::{all, all_bodies, execute, one, one_body, sql};
use super::store::exists;
use crate::audit::proof::ConsistencyProof;
use crate::audit::{Proven, Verifier};
use crate::digest::Digest;
use crate::ledger::reading::{OpenWork, StampProof, StampRow};
use crate::ledger::{LedgerError, LedgerErrorKind, LedgerId, LedgerUrl};
use crate::protocol::id::{EventKey, ExecutionId, TreeId};
use crate::protocol::row::{
    Control, Counters, DeadLetter, Effect, EffectKey, Evidence, Execution, Fence, Key, OutboxRow,
    Parked, Phase, Plan, Recorded, Row, Worker,
};

/// Reads of a ledger on a connection of their own, which can write nothing: usable in any process
/// while others write. Every call sees what was committed when it began, and blocks for the read.
/// Clones share the connection.
///
/// # Errors
/// Every read fails as `Io` where the disk does, and as `Corrupt` where a row does not decode.
#[derive(Debug, Clone)]
pub struct Reader(Arc<Inner>);

#[derive(Debug)]
struct Inner {
    connection: Mutex<Connection>,
    id: LedgerId,
    verifier: Option<Verifier>,
}

impl Reader {
    /// Opens the ledger at a URL for reading.
    ///
    /// # Errors
    /// `Url`, `Missing`, `Version`, `Corrupt` or `Io`.
    pub fn open(url: &str) -> Result<Self, LedgerError> {
        Self::at(&url.parse()?)
    }

    pub(in crate::ledger) fn at(url: &LedgerUrl) -> Result<Self, LedgerError> {
        if !exists(url.path()) {
            let path = url.path().display();
            let message = format!("there is no ledger at {path}: correct the path");
            return Err(LedgerError::new(LedgerErrorKind::Missing, message));
        }
        let connection = open_reader(url.path())?;
        schema::expect(&connection)?;
        let found = one(&connection, sql!("log/read_ledger"), (), |row| {
            Ok((row.get::<_, [u8; 32]>(0)?, row.get::<_, Option<String>>(1)?))
        })?;
        let (id, verifier) = found.ok_or_else(|| corrupt("it has no identity"))?;
        let verifier = verifier.map(|text| text.parse()).transpose().map_err(corrupt)?;
        let connection = Mutex::new(connection);
        Ok(Self(Arc::new(Inner { connection, id: LedgerId(Digest::from(id)), verifier })))
    }

    /// The ledger's identity.
    pub fn id(&self) -> LedgerId {
        self.0.id
    }

    /// The public key of the ledger's checkpoints, as the ledger has it; whoever distrusts the
    /// ledger takes it from elsewhere. `None` only while the ledger is being made.
    pub fn verifier(&self) -> Option<&Verifier> {
        self.0.verifier.as_ref()
    }

    /// A number that rises with every transaction, whichever process commits it: what to poll.
    pub fn turn(&self) -> Result<u64, LedgerError> {
        let turn = Head::read(&self.lock())?.turn;
        u64::try_from(turn).map_err(corrupt)
    }

    /// The number of stamps.
    pub fn size(&self) -> Result<u64, LedgerError> {
        Ok(Head::read(&self.lock())?.frontier.size())
    }

    /// The ledger's clock at the last transaction, in milliseconds.
    pub fn at_millis(&self) -> Result<u64, LedgerError> {
        Ok(Head::read(&self.lock())?.at_millis)
    }

    /// The control version: rises with every halt and resume (R13).
    pub fn control_version(&self) -> Result<u64, LedgerError> {
        let counters: Option<Counters> = one_body(&self.lock(), sql!("load/counters"), ())?;
        Ok(counters.unwrap_or_default().control)
    }

    /// Standing orders, by target.
    pub fn controls(&self) -> Result<Vec<Control>, LedgerError> {
        all_bodies(&self.lock(), sql!("read/controls"), ())
    }

    /// Every worker that ever joined; those whose lease has ended are gone.
    pub fn workers(&self) -> Result<Vec<Worker>, LedgerError> {
        all_bodies(&self.lock(), sql!("read/workers"), ())
    }

    /// Plans that nobody has decided, oldest first.
    pub fn pending_plans(&self) -> Result<Vec<Plan>, LedgerError> {
        all_bodies(&self.lock(), sql!("read/plans_open"), ())
    }

    /// Plans whose digest begins with these hexadecimal digits, at most `max`.
    ///
    /// # Errors
    /// `Refused` if that is no beginning of a digest.
    pub fn plans_by_prefix(&self, prefix: &str, max: usize) -> Result<Vec<Plan>, LedgerError> {
        let (first, last) = digests_with(prefix)?;
        let by = params![blob(&first), blob(&last), limit(max)];
        all_bodies(&self.lock(), sql!("read/plans_between"), by)
    }

    /// An execution.
    pub fn execution(&self, id: ExecutionId) -> Result<Option<Execution>, LedgerError> {
        one_body(&self.lock(), sql!("load/execution"), [blob(&id.0)])
    }

    /// The executions of a tree, in the order in which they were first judged.
    pub fn executions_in(&self, tree: &str) -> Result<Vec<Execution>, LedgerError> {
        all_bodies(&self.lock(), sql!("scan/executions_in"), [tree])
    }

    /// Executions that some worker has started and not ended.
    pub fn started(&self) -> Result<Vec<Execution>, LedgerError> {
        let open: Vec<Execution> = all_bodies(&self.lock(), sql!("read/executions_open"), ())?;
        Ok(open.into_iter().filter(|it| matches!(it.phase, Phase::Started { .. })).collect())
    }

    /// An event that the ledger knows.
    pub fn recorded(&self, key: EventKey) -> Result<Option<Recorded>, LedgerError> {
        one_body(&self.lock(), sql!("load/recorded"), [blob(&key.0)])
    }

    /// The recorded events of a tree, by their own time.
    pub fn recorded_in(&self, tree: &str) -> Result<Vec<Recorded>, LedgerError> {
        all_bodies(&self.lock(), sql!("read/recorded_in"), [tree])
    }

    /// The effects of a tree, in the order in which they were registered.
    pub fn effects_in(&self, tree: &str) -> Result<Vec<Effect>, LedgerError> {
        effects(&self.lock(), sql!("scan/effects_in"), [tree])
    }

    /// What the executions of a tree handed in beside their outputs (P-05).
    pub fn evidence_in(&self, tree: &str) -> Result<Vec<Evidence>, LedgerError> {
        all_bodies(&self.lock(), sql!("read/evidence_in"), [tree])
    }

    /// One effect.
    pub fn effect(&self, key: EffectKey) -> Result<Option<Effect>, LedgerError> {
        match load(&self.lock(), &Key::Effect(key))? {
            Some(Row::Effect(row)) => Ok(Some(row)),
            Some(_) | None => Ok(None),
        }
    }

    /// Effects that wait for a person, oldest first, at most `max`.
    pub fn quarantined(&self, max: usize) -> Result<Vec<Effect>, LedgerError> {
        effects(&self.lock(), sql!("read/quarantined"), [limit(max)])
    }

    /// One output with its message.
    pub fn outbox(&self, sequence: u64) -> Result<Option<OutboxRow>, LedgerError> {
        match load(&self.lock(), &Key::Outbox(sequence))? {
            Some(Row::Outbox(row)) => Ok(Some(row)),
            Some(_) | None => Ok(None),
        }
    }

    /// The outputs of a tree with their messages, in commit order.
    pub fn outbox_in(&self, tree: &str) -> Result<Vec<OutboxRow>, LedgerError> {
        outbox(&self.lock(), sql!("read/outbox_in"), [tree])
    }

    /// Parked deliveries, oldest first, at most `max`.
    pub fn parked(&self, max: usize) -> Result<Vec<Parked>, LedgerError> {
        parked(&self.lock(), sql!("read/parked"), [limit(max)])
    }

    /// Parked deliveries whose execution begins with these hexadecimal digits, at most `max`.
    ///
    /// # Errors
    /// `Refused` if that is no beginning of an identity.
    pub fn parked_by_prefix(&self, prefix: &str, max: usize) -> Result<Vec<Parked>, LedgerError> {
        let (first, last) = digests_with(prefix)?;
        let by = params![blob(&first), blob(&last), limit(max)];
        parked(&self.lock(), sql!("read/parked_between"), by)
    }

    /// Deliveries in quarantine, newest first, at most `max`.
    pub fn dead_letters(&self, max: usize) -> Result<Vec<DeadLetter>, LedgerError> {
        let rows = all(&self.lock(), sql!("read/dead_letters"), [limit(max)], dead_letter_row)?;
        rows.into_iter().collect()
    }

    /// Deliveries in quarantine whose execution begins with these hexadecimal digits, at most `max`.
    ///
    /// # Errors
    /// `Refused` if that is no beginning of an identity.
    pub fn dead_letters_by_prefix(
        &self,
        prefix: &str,
        max: usize,
    ) -> Result<Vec<DeadLetter>, LedgerError> {
        let (first, last) = digests_with(prefix)?;
        let by = params![blob(&first), blob(&last), limit(max)];
        let rows = all(&self.lock(), sql!("read/dead_letters_between"), by, dead_letter_row)?;
        rows.into_iter().collect()
    }

    /// One delivery in quarantine.
    pub fn dead_letter(&self, execution: ExecutionId) -> Result<Option<DeadLetter>, LedgerError> {
        match load(&self.lock(), &Key::DeadLetter(execution))? {
            Some(Row::DeadLetter(row)) => Ok(Some(row)),
            Some(_) | None => Ok(None),
        }
    }

    /// The fence of a tree.
    pub fn fence(&self, tree: &str) -> Result<Option<Fence>, LedgerError> {
        one_body(&self.lock(), sql!("load/fence"), [tree])
    }

    /// Every tree that is or was being undone.
    pub fn fences(&self) -> Result<Vec<Fence>, LedgerError> {
        all_bodies(&self.lock(), sql!("read/fences"), ())
    }

    /// Trees, the most recently begun first, at most `max`.
    pub fn trees(&self, max: usize) -> Result<Vec<TreeId>, LedgerError> {
        all(&self.lock(), sql!("read/trees"), [limit(max)], |row| row.get(0))
    }

    /// Whether a parked delivery of this handler is due, or past its deadline.
    pub fn has_due(&self, handler: &str, now_millis: u64) -> Result<bool, LedgerError> {
        let by = params![handler, integer(now_millis)];
        let found = one(&self.lock(), sql!("read/has_due"), by, |row| row.get(0))?;
        Ok(found.unwrap_or_default())
    }

    /// Whether the relay has something to publish.
    pub fn has_unpublished(&self) -> Result<bool, LedgerError> {
        let found = one(&self.lock(), sql!("read/has_unpublished"), (), |row| row.get(0))?;
        Ok(found.unwrap_or_default())
    }

    /// Whether an effect waits to be undone, or a fence is not closed.
    pub fn has_undo_work(&self) -> Result<bool, LedgerError> {
        let found = one(&self.lock(), sql!("read/has_undo_work"), (), |row| row.get(0))?;
        Ok(found.unwrap_or_default())
    }

    /// What is not settled, in one tree or in the whole ledger.
    pub fn open_work(&self, tree: Option<&str>) -> Result<OpenWork, LedgerError> {
        let found = match tree {
            Some(tree) => one(&self.lock(), sql!("read/open_work_in"), [tree], open_work)?,
            None => one(&self.lock(), sql!("read/open_work"), (), open_work)?,
        };
        Ok(found.unwrap_or_default())
    }

    /// Stamps of one tree, or all, from index `from` on, in the order of the log, at most `max`.
    pub fn stamps(
        &self,
        tree: Option<&str>,
        from: u64,
        max: usize,
    ) -> Result<Vec<StampRow>, LedgerError> {
        stamps::page(&self.lock(), tree, from, max)
    }

    /// Stamps about one execution, in the order of the log, at most `max`.
    pub fn stamps_of(
        &self,
        execution: ExecutionId,
        max: usize,
    ) -> Result<Vec<StampRow>, LedgerError> {
        stamps::of_execution(&self.lock(), execution, max)
    }

    /// The newest stamps, newest first, at most `max`.
    pub fn newest_stamps(&self, max: usize) -> Result<Vec<StampRow>, LedgerError> {
        stamps::newest(&self.lock(), max)
    }

    /// The newest checkpoint, a signed note; `None` only while the ledger is being made.
    pub fn checkpoint(&self) -> Result<Option<String>, LedgerError> {
        one(&self.lock(), sql!("log/newest_checkpoint"), (), |row| row.get(1))
    }

    /// Proves that a stamp is in the log as it is now.
    ///
    /// # Errors
    /// `Refused` if there is no such stamp; `Corrupt` if the log does not hold it as it was logged.
    pub fn prove(&self, index: u64) -> Result<Proven, LedgerError> {
        self.snapshot(|at| proof::now(at, index))
    }

    /// Proves that a stamp is in the log, against the newest checkpoint (G2).
    ///
    /// # Errors
    /// `Refused` if there is no such stamp, or no checkpoint covers it yet.
    pub fn prove_covered(&self, index: u64) -> Result<StampProof, LedgerError> {
        self.snapshot(|at| proof::covered(at, index))
    }

    /// Proves that the log of the first `old_size` stamps is the beginning of that of the newest
    /// checkpoint (G2).
    ///
    /// # Errors
    /// `Refused` if the newest checkpoint covers fewer.
    pub fn prove_consistency(&self, old_size: u64) -> Result<ConsistencyProof, LedgerError> {
        self.snapshot(|at| proof::consistency(at, old_size))
    }

    /// Several reads of one and the same state.
    pub(in crate::ledger) fn snapshot<T>(
        &self,
        read: impl FnOnce(&Connection) -> Result<T, LedgerError>,
    ) -> Result<T, LedgerError> {
        let connection = self.lock();
        execute(&connection, sql!("log/begin_read"), ())?;
        let result = read(&connection);
        execute(&connection, sql!("log/rollback"), ())?;
        result
    }

    /// A panic in another read leaves nothing half done.
    fn lock(&self) -> MutexGuard<'_, Connection> {
        self.0.connection.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn open_work(row: &rusqlite::Row<'_>) -> rusqlite::Result<OpenWork> {
    let count = |at: usize| row.get::<_, i64>(at).map(|count| count.try_into().unwrap_or(0));
    Ok(OpenWork {
        executions: count(0)?,
        unpublished: count(1)?,
        parked: count(2)?,
        effects: count(3)?,
        fences: count(4)?,
    })
}

/// The first and the last digest that begin with these hexadecimal digits.
fn digests_with(prefix: &str) -> Result<(Digest, Digest), LedgerError> {
    let filled = |digit: char| format!("{prefix}{}", digit.to_string().repeat(64 - prefix.len()));
    let digest = |digit| filled(digit).parse::<Digest>();
    if !prefix.is_empty()
        && prefix.len() <= 64
        && prefix.is_ascii()
        && let (Ok(first), Ok(last)) = (digest('0'), digest('f'))
    {
        return Ok((first, last));
    }
    let message = format!("{prefix:?} is not the beginning of a digest: give hexadecimal digits");
    Err(LedgerError::new(LedgerErrorKind::Refused, message))
}
