//! Mutants: broken transports, and in `bus` broken buses, that named cases must fail on. They prove
//! that the cases can fail: all of them on memory, and the broken transports on real brokers, too.

mod bus;
mod memory;
mod mutation;
mod publisher;
mod subscriber;
mod transport;

use std::sync::{Arc, RwLock};

use libtest_mimic::{Failed, Trial};
use wingman_conformance::{Backend, Case, PlainBus, TRANSPORT_CASES, Verdict, run_case};

use mutation::{MUTANTS, Mutant, Mutation};
use transport::SabotagedBackend;

/// One test for each mutant, whose case must fail on it, and one for each case, which must pass on
/// the same transport when nothing is broken.
pub(crate) fn trials(seed: u64) -> Vec<Trial> {
    let mutant = |mutant: &'static Mutant| {
        let name = format!("mutants::transport::{}", mutant.name);
        let backend = SabotagedBackend::new(mutant.mutation);
        Trial::test(name, move || is_caught(mutant, |case| run(backend, case, seed)))
    };
    let control = |case: &'static Case| {
        let name = format!("mutants::control::{}", case.name);
        let backend = SabotagedBackend::new(Mutation::Nothing);
        Trial::test(name, move || run(backend, *case, seed).map_err(Failed::from))
    };
    let caught = |case: &&Case| MUTANTS.iter().any(|mutant| mutant.caught_by == case.name);
    let controls = TRANSPORT_CASES.iter().filter(caught).map(control);
    let of_transport = MUTANTS.iter().map(mutant).chain(controls);
    of_transport.chain(bus::trials(seed)).collect()
}

/// A mutant that shows nowhere on a broker, and why.
type Unseen = (&'static str, &'static str);

/// The brokers on which mutants run.
const BROKERS: &[(&str, &[Unseen])] = &[
    (
        "kafka",
        &[(
            "closing_keeps_deliveries",
            "a member that stays gives up partitions to the next one, and with them what it held",
        )],
    ),
    (
        "redis",
        &[
            ("bare_tags_survive_a_reopening", "a tag tells the hand-overs of an entry apart"),
            ("receive_dies_after_a_cut", "a settle may be the first to see the cut, and mends it"),
            ("keys_are_dropped", "one subscriber at a time has a group, whatever the keys"),
        ],
    ),
];

/// One test for each mutant whose case runs on this backend. Their control is the suite itself.
pub(crate) fn trials_on(
    backend: &Arc<dyn Backend>,
    broker: &Arc<RwLock<()>>,
    seed: u64,
) -> Vec<Trial> {
    let trial = |(number, mutant): (u64, &'static Mutant)| {
        let name = format!("{}::mutants::{}", backend.name(), mutant.name);
        // The seed names the topics, and several mutants have one case.
        let seed = seed.wrapping_add(number);
        let sabotaged = SabotagedBackend::around(backend.clone(), mutant.mutation);
        let broker = broker.clone();
        let run = move |case: Case| crate::beside(&broker, case, || run(sabotaged, case, seed));
        Trial::test(name, move || is_caught(mutant, run))
    };
    let Some((name, unseen)) = BROKERS.iter().find(|(name, _)| *name == backend.name()) else {
        return Vec::new();
    };
    let runs = |it: &&Mutant| {
        let shows = unseen.iter().all(|(mutant, _)| *mutant != it.name);
        shows && crate::matrix::runs(name, "transport", it.caught_by)
    };
    (1..).zip(MUTANTS.iter().filter(runs)).map(trial).collect()
}

fn is_caught(mutant: &Mutant, run: impl FnOnce(Case) -> Verdict) -> Result<(), Failed> {
    let mut cases = TRANSPORT_CASES.iter();
    let case = cases
        .find(|case| case.name == mutant.caught_by)
        .ok_or_else(|| format!("there is no case {}", mutant.caught_by))?;
    match run(*case) {
        Err(_) => Ok(()),
        Ok(()) => Err(format!("{} passes although {}", case.name, mutant.breaks).into()),
    }
}

fn run(backend: SabotagedBackend, case: Case, seed: u64) -> Verdict {
    let backend: Arc<dyn Backend> = Arc::new(backend);
    crate::block_on(run_case(backend, Arc::new(PlainBus), case, seed)).verdict
}
