//! The conformance suite on every selected backend, named `backend::layer::case`; the matrix that
//! says which cases apply where; and the mutants that prove that cases can fail.
//!
//! The seed is printed; `WINGMAN_SEED` runs with the same one again.

mod matrix;
mod mutants;
mod somewhere;

use std::collections::HashMap;
use std::sync::{Arc, PoisonError, RwLock};

use libtest_mimic::{Arguments, Failed, Trial};
use wingman_conformance::{BUS_CASES, Backend, Case, Harness, PlainBus, TRANSPORT_CASES, run_case};
use wingman_tests::{GovernedBus, backends};

/// Trials wait most of their time, for leases to run out and for brokers to start again.
const TRIALS_AT_ONCE: usize = 8;

/// A table of cases, its place in the names of tests, and what runs its handlers.
struct Layer {
    name: &'static str,
    cases: &'static [Case],
    harness: fn() -> Arc<dyn Harness>,
}

const LAYERS: &[Layer] = &[
    Layer { name: "transport", cases: TRANSPORT_CASES, harness: plain },
    Layer { name: "bus", cases: BUS_CASES, harness: plain },
    Layer { name: "governed", cases: BUS_CASES, harness: governed },
];

fn plain() -> Arc<dyn Harness> {
    Arc::new(PlainBus)
}

fn governed() -> Arc<dyn Harness> {
    Arc::new(GovernedBus::new().expect("the system has room for a temporary folder"))
}

#[allow(clippy::print_stdout, reason = "the seed must be known to run a failure again")]
fn main() {
    let mut arguments = Arguments::from_args();
    arguments.test_threads.get_or_insert(TRIALS_AT_ONCE);
    let seed = seed();
    if !arguments.list {
        println!("WINGMAN_SEED={seed}");
    }
    let mut brokers = HashMap::<_, Arc<RwLock<()>>>::new();
    let mut trials = Vec::new();
    for backend in &backends::selected() {
        let broker = brokers.entry(backends::broker_of(backend.name())).or_default();
        trials.push(of_backend(backend, broker, seed));
    }
    let mut anywhere = mutants::trials(seed);
    anywhere.push(somewhere::trial());
    trials.push(anywhere);
    libtest_mimic::run(&arguments, in_turns(trials)).exit();
}

/// Everything that runs on a backend: first what shares the broker, then what must be alone with it.
fn of_backend(backend: &Arc<dyn Backend>, broker: &Arc<RwLock<()>>, seed: u64) -> Vec<Trial> {
    let cases = |alone: bool| {
        let of_layer = move |layer: &'static Layer| {
            let cases = layer.cases.iter().filter(move |case| case.alone == alone);
            cases.map(move |case| trial(backend, broker, layer, *case, seed))
        };
        LAYERS.iter().flat_map(of_layer)
    };
    let mut trials: Vec<Trial> = cases(false).collect();
    trials.extend(mutants::trials_on(backend, broker, seed));
    trials.push(matrix::trial(backend, broker));
    trials.extend(cases(true));
    trials
}

/// One trial of each list after the other, so that those which run at once are on several brokers.
fn in_turns(lists: Vec<Vec<Trial>>) -> Vec<Trial> {
    let mut lists: Vec<_> = lists.into_iter().map(Vec::into_iter).collect();
    let mut trials = Vec::new();
    loop {
        let before = trials.len();
        trials.extend(lists.iter_mut().filter_map(Iterator::next));
        if trials.len() == before {
            return trials;
        }
    }
}

/// A case on a backend.
fn trial(
    backend: &Arc<dyn Backend>,
    broker: &Arc<RwLock<()>>,
    layer: &'static Layer,
    case: Case,
    seed: u64,
) -> Trial {
    let (backend, broker) = (backend.clone(), broker.clone());
    let name = format!("{}::{}::{}", backend.name(), layer.name, case.name);
    let run = move || block_on(run_case(backend, (layer.harness)(), case, seed)).verdict;
    Trial::test(name, move || beside(&broker, case, run).map_err(Failed::from))
}

/// Cases share their broker, but for those that must be alone with it.
fn beside<T>(broker: &RwLock<()>, case: Case, run: impl FnOnce() -> T) -> T {
    if case.alone {
        let _alone = broker.write().unwrap_or_else(PoisonError::into_inner);
        run()
    } else {
        let _shared = broker.read().unwrap_or_else(PoisonError::into_inner);
        run()
    }
}

/// Runs a future on a runtime of its own, so that cases share no timer and no task.
fn block_on<T>(future: impl Future<Output = T>) -> T {
    tokio::runtime::Builder::new_multi_thread()
        .worker_threads(2)
        .enable_all()
        .build()
        .expect("a runtime of two threads can always be built")
        .block_on(future)
}

fn seed() -> u64 {
    match std::env::var("WINGMAN_SEED") {
        Ok(text) => text.parse().expect("WINGMAN_SEED is a whole number"),
        Err(_) => std::time::SystemTime::now()
            .duration_since(std::time::UNIX_EPOCH)
            .map_or(1, |since| since.as_nanos() as u64),
    }
}
