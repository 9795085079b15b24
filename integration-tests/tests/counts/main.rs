//! What one message costs over the memory transport, and over a cluster that Kafka's client simulates, in
//! instructions and allocations, against `budgets.txt`: unlike a time it is nearly the same on each
//! machine, so that a test can hold it. What threads of Kafka's client do is left out.
//!
//! A count that is too low fails as well: the budget is lowered then, or what was won could be lost
//! again unseen. `WINGMAN_COUNTS=show cargo test -p wingman-tests --test counts -- --nocapture` prints
//! the lines of the file.
#![allow(clippy::print_stdout, reason = "the counts themselves are shown, to write them down")]

mod budget;
mod callgrind;

use budget::{Budgets, Cost};

/// Messages of the two runs whose difference is taken: starting and ending cost the same in both. A
/// simulated partition keeps 5 MB.
const MESSAGES: [u32; 2] = [1_000, 3_000];

/// What one message costs.
#[track_caller]
fn measure(work: &str) -> Cost {
    let run = |messages| callgrind::run(work, messages).unwrap_or_else(|why| panic!("{why}"));
    let [few, many] = MESSAGES.map(run);
    let messages = f64::from(MESSAGES[1] - MESSAGES[0]);
    let each = |few: u64, many: u64| (many as f64 - few as f64) / messages;
    Cost {
        instructions: each(few.instructions, many.instructions),
        allocations: each(few.allocations, many.allocations),
    }
}

#[track_caller]
fn is_within_its_budget(work: &str) {
    let seen = measure(work);
    println!("{} {work} {seen}", Budgets::profile());
    if std::env::var("WINGMAN_COUNTS").is_ok_and(|how| how == "show") {
        return;
    }
    if let Err(wrong) = Budgets::committed().judge(work, seen) {
        panic!("{work}: {wrong}");
    }
}

#[test]
fn publishing_by_the_bus() {
    is_within_its_budget("publish");
}

#[test]
fn the_driver_alone() {
    is_within_its_budget("driver");
}

#[test]
fn consuming_by_the_bus() {
    is_within_its_budget("consume");
}

#[test]
fn consuming_by_a_typed_handler() {
    is_within_its_budget("typed");
}

#[test]
fn publishing_by_the_bus_on_kafka() {
    is_within_its_budget("kafka-publish");
}

#[test]
fn the_kafka_driver_alone() {
    is_within_its_budget("kafka-driver");
}

#[test]
fn consuming_by_the_bus_on_kafka() {
    is_within_its_budget("kafka-consume");
}

/// A broken variant of `kafka-consume`, as those below.
#[test]
fn one_allocation_more_on_kafka_is_over_budget() {
    let seen = measure("kafka-allocating");
    let wrong = Budgets::committed().judge("kafka-consume", seen).unwrap_err();
    assert!(wrong.contains("allocations"), "{wrong}");
}

/// A broken variant of `consume`: its handler allocates once.
#[test]
fn one_allocation_more_is_over_budget() {
    let seen = measure("allocating");
    let wrong = Budgets::committed().judge("consume", seen).unwrap_err();
    assert!(wrong.contains("allocations"), "{wrong}");
}

/// Another one: its handler reads the payload's JSON once more, without allocating.
#[test]
fn one_more_reading_of_the_payload_is_over_budget() {
    let (seen, budgets) = (measure("reading"), Budgets::committed());
    let judged = budgets.judge("consume", seen);
    assert_eq!(judged.is_err(), budgets.judges_instructions(), "{seen}: {judged:?}");
    assert!(judged.err().is_none_or(|wrong| wrong.contains("instructions")));
}
