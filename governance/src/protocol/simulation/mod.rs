//! The protocol in a world that goes wrong: workers that crash and stop, a broker that repeats
//! itself, people who halt, answer and forge. An oracle that knows only the guarantees watches.
//!
//! `WINGMAN_SIMULATION_SEED` starts from that seed, `WINGMAN_SIMULATION_STEPS` runs more or fewer
//! steps of the long test.

mod act;
mod broker;
mod faults;
mod graph;
mod mutants;
mod oracle;
mod outside;
mod producer;
mod random;
mod rest;
mod script;
mod store;
mod worker;
mod world;

use std::rc::Rc;

use crate::protocol::settings::Mode;
use mutants::Sabotage;
use oracle::Violation;
use world::World;

/// Steps of one world; its ledger starts empty.
const WORLD_STEPS: u64 = 6_000;

/// Every this many worlds, one only observes.
const OBSERVES_EVERY: u64 = 5;

/// Runs one world and returns its steps.
fn run(seed: u64, contracts: &Rc<crate::contract::Contracts>) -> Result<u64, String> {
    let mut world = World::new(seed, mode(seed), Rc::clone(contracts), Sabotage::default());
    match world.run(WORLD_STEPS) {
        Ok(()) => Ok(world.step),
        Err(violation) => Err(story(&world, &violation)),
    }
}

/// The mode of a seed's world.
const fn mode(seed: u64) -> Mode {
    if seed.is_multiple_of(OBSERVES_EVERY) { Mode::Observe } else { Mode::Enforce }
}

/// What went before a violation, as the stamps tell it.
fn story(world: &World, violation: &Violation) -> String {
    let about = |stamp: &&crate::audit::stamp::Stamp| match (&violation.execution, &violation.tree)
    {
        (Some(execution), _) if stamp.execution == Some(*execution) => true,
        (_, Some(tree)) => stamp.tree.as_ref() == Some(tree),
        (Some(_), None) => false,
        (None, None) => true,
    };
    let mut stamps: Vec<String> = world
        .store
        .stamps
        .iter()
        .rev()
        .filter(about)
        .take(20)
        .map(|stamp| {
            let execution = stamp.execution.map_or_else(String::new, |it| it.to_string());
            format!("  {} {:.12} {:?}", stamp.at_millis, execution, stamp.fact)
        })
        .collect();
    stamps.reverse();
    format!(
        "seed {}: {violation}\n  execution {:?}, now {}\n{}",
        world.seed,
        violation.execution,
        world.now,
        stamps.join("\n")
    )
}

/// Runs worlds from a seed on, with every `stride`th, until this many steps are done.
fn run_many(first: u64, stride: u64, steps: u64) {
    let contracts = Rc::new(graph::contracts());
    let (mut done, mut seed) = (0, first);
    while done < steps {
        match run(seed, &contracts) {
            Ok(world) => done += world,
            Err(story) => panic!("{story}"),
        }
        seed += stride;
    }
}

fn chosen(variable: &str, default: u64) -> u64 {
    let chosen = std::env::var(variable).ok();
    chosen.and_then(|it| it.parse().ok()).unwrap_or(default)
}

const KINDS: [&str; 37] = [
    "worker_joined",
    "worker_lost",
    "recorded",
    "started",
    "refused",
    "would_refuse",
    "expired",
    "parked",
    "intended",
    "denied",
    "applied",
    "void",
    "unknown",
    "finished",
    "failed",
    "late",
    "abandoned",
    "dead_lettered",
    "replayed",
    "discarded",
    "emitted",
    "withheld",
    "undeliverable",
    "asked",
    "approved",
    "not_approved",
    "decision_expired",
    "spent",
    "fenced",
    "undo_started",
    "undone",
    "undo_failed",
    "quarantined",
    "resolved",
    "tree_closed",
    "halted",
    "resumed",
];

/// The worlds are as rich as the protocol: whatever can be stamped is.
#[test]
fn every_kind_of_stamp_comes_up() {
    let contracts = Rc::new(graph::contracts());
    let mut counts: std::collections::BTreeMap<&str, u64> = KINDS.map(|kind| (kind, 0)).into();
    for seed in 1..=20 {
        let mut world = World::new(seed, mode(seed), Rc::clone(&contracts), Sabotage::default());
        world.run(WORLD_STEPS).expect("every guarantee holds");
        for stamp in &world.store.stamps {
            *counts.entry(stamp.fact.kind()).or_default() += 1;
        }
    }
    println!("{counts:?}");
    assert!(counts.values().all(|count| *count > 0), "{counts:?}");
}

#[test]
fn a_few_worlds_keep_every_guarantee() {
    let seed = chosen("WINGMAN_SIMULATION_SEED", 1);
    println!("first seed {seed}");
    run_many(seed, 1, 20_000);
}

/// Two threads, as two cores are the least that a build has.
#[test]
fn a_million_steps_keep_every_guarantee() {
    let seed = chosen("WINGMAN_SIMULATION_SEED", 1_000);
    let steps = chosen("WINGMAN_SIMULATION_STEPS", 1_000_000);
    println!("first seed {seed}, {steps} steps");
    std::thread::scope(|scope| {
        for at in 0..2 {
            scope.spawn(move || run_many(seed + at, 2, steps / 2));
        }
    });
}
