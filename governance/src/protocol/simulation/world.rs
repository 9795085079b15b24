//! The simulated world: workers on one ledger and one broker, and a clock that only the world moves.

use std::rc::Rc;

use super::broker::Broker;
use super::graph;
use super::mutants::Sabotage;
use super::oracle::{Oracle, Violation};
use super::outside::Outside;
use super::producer::Producer;
use super::random::Random;
use super::store::{Savepoint, Store};
use super::worker::{Health, Worker};
use crate::contract::Contracts;
use crate::protocol::id::WorkerId;
use crate::protocol::input::{Input, Reply};
use crate::protocol::settings::{Mode, Settings};
use crate::protocol::state::State;

/// Where time begins, in milliseconds.
const EPOCH_MILLIS: u64 = 1_700_000_000_000;
const WORKERS: usize = 3;

/// Groups and what they consume.
pub(super) const HANDLERS: [(&str, &[&str]); 10] = [
    ("intake", &["Order"]),
    ("desk", &["Prepared"]),
    ("spender", &["Approved"]),
    ("notifier", &["Shipped"]),
    ("auditor", &["Prepared", "Blocked"]),
    ("sequencer", &["Tick"]),
    ("clerk", &["Open", "Close"]),
    ("flaky", &["Work"]),
    ("child", &["WorkDone", "ChildRefused"]),
    ("undoer", &["WorkFailed"]),
];

#[derive(Debug)]
pub(super) struct World {
    pub(super) seed: u64,
    pub(super) random: Random,
    pub(super) now: u64,
    pub(super) step: u64,
    /// No more faults, and handlers that do as they should: the world comes to rest.
    pub(super) calm: bool,
    pub(super) store: Store,
    pub(super) broker: Broker,
    pub(super) outside: Outside,
    pub(super) workers: Vec<Worker>,
    pub(super) producer: Producer,
    pub(super) oracle: Oracle,
    pub(super) sabotage: Sabotage,
    contracts: Rc<Contracts>,
    settings: Settings,
    /// Changes that were committed, as a measure of progress.
    pub(super) commits: u64,
}

impl World {
    pub(super) fn new(seed: u64, mode: Mode, contracts: Rc<Contracts>, sabotage: Sabotage) -> Self {
        let mut random = Random::new(seed);
        let mut broker = Broker::default();
        for (handler, topics) in HANDLERS {
            for topic in topics {
                broker.bind(topic, handler);
            }
        }
        let worker = |_| Worker::new(WorkerId(random.digest()));
        Self {
            seed,
            workers: (0..WORKERS).map(worker).collect(),
            random,
            now: EPOCH_MILLIS,
            step: 0,
            calm: false,
            store: Store::default(),
            broker,
            outside: Outside::default(),
            producer: Producer::default(),
            oracle: Oracle::new(Rc::clone(&contracts), mode),
            sabotage,
            contracts,
            settings: Settings { mode, ..graph::settings() },
            commits: 0,
        }
    }

    /// Runs this many steps with faults, then lets the world come to rest.
    pub(super) fn run(&mut self, steps: u64) -> Result<(), Violation> {
        while self.step < steps {
            self.wild_step();
            self.oracle.verdict()?;
        }
        self.come_to_rest()
    }

    fn wild_step(&mut self) {
        let most = match self.random.below(4_000) {
            0 => 2_000,
            1..=20 => 300,
            _ => 6,
        };
        self.tick(most);
        if self.random.chance(25) {
            self.fault();
            return;
        }
        if self.random.chance(15) {
            self.produce();
            return;
        }
        let at = self.random.below(self.workers.len());
        if self.workers[at].health == Health::Up {
            self.act(at);
        }
    }

    pub(super) fn tick(&mut self, most: usize) {
        self.step += 1;
        self.now += 1 + self.random.below(most) as u64;
        self.oracle.at(self.step, self.now);
    }

    /// One thing that a worker can do; false if there was nothing.
    pub(super) fn act(&mut self, at: usize) -> bool {
        if self.keep_alive(at) {
            return true;
        }
        let first = self.random.below(8);
        (first..first + 8).any(|what| match what % 8 {
            0 => self.receive(at),
            1 => self.turn(at),
            2 | 3 => self.progress(at),
            4 => self.acknowledge(at),
            5 => self.wake_due(at),
            6 => self.relay(at),
            _ => self.undo_due(at),
        })
    }

    fn wake_due(&mut self, at: usize) -> bool {
        let now = self.now;
        let due = self.store.parked();
        let due: Vec<&str> = due
            .filter(|it| it.due_millis.min(it.deadline_millis) <= now)
            .map(|it| it.handler.as_str())
            .collect();
        if due.is_empty() {
            return false;
        }
        let handler = *self.random.pick(&due);
        let known = HANDLERS.iter().find(|(name, _)| *name == handler);
        known.is_some_and(|(handler, _)| self.wake(at, handler))
    }

    fn undo_due(&mut self, at: usize) -> bool {
        let idle = self.workers[at].undoing.is_empty();
        if idle && !self.calm && !self.random.chance(200) {
            return false;
        }
        let before = self.commits;
        self.undo(at) && (!idle || self.commits != before)
    }

    /// One input in a transaction of its own. `None` if the worker died over it, `Some(None)` if the
    /// ledger refused it.
    pub(super) fn ask(&mut self, at: usize, input: Input) -> Option<Option<Reply>> {
        self.transact(Some(at), vec![input])?.pop()
    }

    /// Runs inputs in one transaction (R9). A worker may die before or after its commit.
    pub(super) fn transact(
        &mut self,
        worker: Option<usize>,
        inputs: Vec<Input>,
    ) -> Option<Vec<Option<Reply>>> {
        let wild = !self.calm && worker.is_some();
        let start = self.store.savepoint();
        let mut seen: Vec<(Input, Option<Reply>, Savepoint)> = Vec::new();
        for input in inputs {
            let point = self.store.savepoint();
            if wild && self.random.chance(4) {
                self.store.fail_in = Some(self.random.below(6) as u32);
            }
            let reply = self.run_input(&input);
            self.store.fail_in = None;
            if reply.is_none() && !self.sabotage.keeps_refused() {
                self.store.roll_back(point);
            }
            seen.push((input, reply, point));
        }
        if wild && self.random.chance(3) {
            self.store.roll_back(start);
            self.crash(worker?);
            return None;
        }
        self.commits += u64::from(!self.store.changes(start, None).is_empty());
        for at in 0..seen.len() {
            let (input, reply, point) = &seen[at];
            let end = seen.get(at + 1).map(|(_, _, next)| *next);
            self.oracle.committed(input, reply.as_ref(), &self.store, *point, end);
        }
        self.store.commit();
        if wild && self.random.chance(3) {
            self.crash(worker?);
            return None;
        }
        Some(seen.into_iter().map(|(_, reply, _)| reply).collect())
    }

    fn run_input(&mut self, input: &Input) -> Option<Reply> {
        let entropy = self.random.digest();
        let input = self.sabotage.input(input, &self.store);
        let settings = self.sabotage.settings(self.settings);
        let mut rows = self.sabotage.rows(&mut self.store, self.now);
        let mut state = State {
            rows: &mut rows,
            contracts: self.sabotage.contracts().unwrap_or(&self.contracts),
            settings: &settings,
            now: self.now,
            entropy,
            salts: 0,
        };
        crate::protocol::step(&mut state, input).ok()
    }

    /// The process is gone, and another one takes its place.
    pub(super) fn crash(&mut self, at: usize) {
        let id = WorkerId(self.random.digest());
        self.workers[at] = Worker::new(id);
        self.broker.expire(at);
    }
}
