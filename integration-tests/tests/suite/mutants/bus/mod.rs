//! Broken buses and governors that named cases must fail on: what they are given to run is
//! sabotaged, or the transport under them is.

mod handler;
mod harness;
mod mutation;

use std::collections::BTreeSet;
use std::sync::Arc;

use libtest_mimic::{Failed, Trial};
use wingman_conformance::{BUS_CASES, Case, Verdict, run_case};

use self::harness::SabotagedHarness;
use self::mutation::{BusMutation, MUTANTS, Mutant};
use super::transport::SabotagedBackend;

/// One test for each mutant, whose case must fail on it, and one for each case, which must pass on
/// the same harness when nothing is broken.
pub(super) fn trials(seed: u64) -> Vec<Trial> {
    let mutant = |mutant: &'static Mutant| {
        let name = format!("mutants::bus::{}", mutant.name);
        Trial::test(name, move || crate::block_on(is_caught(mutant, seed)))
    };
    let control = |(case, mutation): (&'static str, BusMutation)| {
        let layer = mutation.layer();
        let name = format!("mutants::control::{layer}::{case}");
        Trial::test(name, move || {
            let verdict = crate::block_on(run(mutation, find(case)?, seed));
            verdict.map_err(Failed::from)
        })
    };
    let controls: BTreeSet<_> =
        MUTANTS.iter().map(|mutant| (mutant.caught_by, mutant.mutation.control())).collect();
    let controls = controls.into_iter().map(control);
    MUTANTS.iter().map(mutant).chain(controls).collect()
}

async fn is_caught(mutant: &Mutant, seed: u64) -> Result<(), Failed> {
    let case = find(mutant.caught_by)?;
    match run(mutant.mutation, case, seed).await {
        Err(_) => Ok(()),
        Ok(()) => Err(format!("{} passes although {}", case.name, mutant.breaks).into()),
    }
}

fn find(name: &str) -> Result<Case, Failed> {
    let case = BUS_CASES.iter().find(|case| case.name == name);
    Ok(*case.ok_or_else(|| format!("there is no case {name}"))?)
}

async fn run(mutation: BusMutation, case: Case, seed: u64) -> Verdict {
    let backend = Arc::new(SabotagedBackend::new(mutation.transport()));
    let harness = Arc::new(SabotagedHarness::new(mutation));
    run_case(backend, harness, case, seed).await.verdict
}
