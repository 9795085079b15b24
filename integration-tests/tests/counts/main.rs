//! What one message costs over the memory transport, in instructions and allocations, against
//! `budgets.txt`: unlike a time it is the same on each machine, so that a test can hold it.
//!
//! A count that is too low fails as well: the budget is lowered then, or what was won could be lost
//! again unseen. `WINGMAN_COUNTS=show cargo test -p wingman-tests --test counts -- --nocapture` prints
//! the lines of the file.
#![allow(clippy::print_stdout, reason = "the counts themselves are shown, to write them down")]

mod budget;
mod callgrind;

use budget::{Budgets, Cost};

/// Messages of the two runs whose difference is taken: starting and ending cost the same in both.
const MESSAGES: [u32; 2] = [1_000, 3_000];

/// What one message costs.
fn measure(work: &str) -> Cost {
    let [few, many] = MESSAGES.map(|messages| callgrind::run(work, messages));
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

/// The broken variant: a handler that allocates once is seen, and refused.
#[test]
fn one_allocation_more_is_over_budget() {
    let (plain, doctored) = (measure("consume"), measure("doctored"));
    let more = doctored.allocations - plain.allocations;
    assert!((more - 1.0).abs() < 0.1, "plain {plain}, doctored {doctored}");
    let wrong = Budgets::committed().judge("consume", doctored).unwrap_err();
    assert!(wrong.contains("allocations"), "{wrong}");
}
