//! Mutants: broken transports, and in `bus` broken buses, that named cases must fail on. They prove
//! that the cases can fail.

mod bus;
mod mutation;
mod publisher;
mod subscriber;
mod transport;

use std::sync::Arc;

use libtest_mimic::{Failed, Trial};
use wingman_conformance::{Backend, Case, PlainBus, TRANSPORT_CASES, Verdict, run_case};

use mutation::{MUTANTS, Mutant, Mutation};
use transport::SabotagedBackend;

/// One test for each mutant, whose case must fail on it, and one for each case, which must pass on
/// the same transport when nothing is broken.
pub(crate) fn trials(seed: u64) -> Vec<Trial> {
    let mutant = |mutant: &'static Mutant| {
        let name = format!("mutants::transport::{}", mutant.name);
        Trial::test(name, move || crate::block_on(is_caught(mutant, seed)))
    };
    let control = |case: &'static Case| {
        let name = format!("mutants::control::{}", case.name);
        Trial::test(name, move || {
            let verdict = crate::block_on(run(Mutation::Nothing, *case, seed));
            verdict.map_err(Failed::from)
        })
    };
    let caught = |case: &&Case| MUTANTS.iter().any(|mutant| mutant.caught_by == case.name);
    let controls = TRANSPORT_CASES.iter().filter(caught).map(control);
    let of_transport = MUTANTS.iter().map(mutant).chain(controls);
    of_transport.chain(bus::trials(seed)).collect()
}

async fn is_caught(mutant: &Mutant, seed: u64) -> Result<(), Failed> {
    let mut cases = TRANSPORT_CASES.iter();
    let case = cases
        .find(|case| case.name == mutant.caught_by)
        .ok_or_else(|| format!("there is no case {}", mutant.caught_by))?;
    match run(mutant.mutation, *case, seed).await {
        Err(_) => Ok(()),
        Ok(()) => Err(format!("{} passes although {}", case.name, mutant.breaks).into()),
    }
}

async fn run(mutation: Mutation, case: Case, seed: u64) -> Verdict {
    let backend: Arc<dyn Backend> = Arc::new(SabotagedBackend::new(mutation));
    run_case(backend, Arc::new(PlainBus), case, seed).await.verdict
}
