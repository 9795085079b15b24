//! The cases of the bus, one file for each part of it: the same table for the plain bus and for the
//! bus behind a governor.

mod actors;
mod dead_letter;
mod drain;
mod fault;
mod group;
mod journal;
mod large;
mod lease;
mod order;
mod output;
mod pressure;
mod retry;
mod script;

use crate::backend::Offer;
use crate::case::{Case, case};
use crate::transport::fault::{cut_is_not_offered, restart_is_not_offered};

/// Every case of the bus.
pub const BUS_CASES: &[Case] = &[
    case!(KeyOrder: order::a_failing_head_holds_its_key_and_no_other, needs order_by_key, or order::is_refused),
    case!(KeyOrder: order::competing_processes_share_and_run_each_event_once, needs order_by_key, or order::is_refused),
    case!(Poison: retry::a_retry_delay_is_a_floor_and_attempts_count_up),
    case!(KeyOrder: retry::a_retry_beyond_the_hold_waits_in_the_ledger, needs governed, or retry::is_refused),
    case!(Poison: retry::a_panic_is_a_failed_attempt),
    case!(Poison: retry::a_time_out_is_a_failed_attempt),
    case!(Poison: dead_letter::what_keeps_failing_is_given_up_with_every_reason),
    case!(Poison: dead_letter::what_cannot_succeed_is_given_up_at_once),
    case!(Poison: dead_letter::what_is_no_event_is_quarantined_with_its_bytes),
    case!(Poison: dead_letter::an_unexpected_type_is_not_handled_and_shown),
    case!(Poison: dead_letter::an_unrecorded_event_is_not_handled_and_shown, needs governed, or dead_letter::is_handled_unrecorded),
    case!(Poison: large::a_letter_too_large_says_less_and_keeps_its_bytes, needs letters_on_the_broker, or large::the_ledger_keeps_every_reason),
    case!(Poison: large::a_refused_letter_ends_the_subscription_and_stays, needs letters_on_the_broker, or large::the_ledger_keeps_what_the_broker_refuses),
    case!(NoLoss: group::every_handler_gets_every_event),
    case!(Contract: output::outputs_inherit_tree_cause_and_key),
    case!(NoLoss: output::an_output_waits_for_its_consumer, needs waits_for_consumers, or output::goes_to_whom_there_is),
    case!(Contract: output::a_duplicate_is_not_run_again, needs governed_succession, or output::repeats_within_a_process),
    case!(Bounded: pressure::what_is_in_flight_stays_bounded),
    case!(NoLoss: pressure::a_pause_starts_nothing_and_loses_nothing),
    case!(Drain: drain::a_drain_ends_what_runs_and_hands_back_what_waits, needs ordered_succession, or drain::ends_what_runs),
    case!(Drain: drain::a_grace_that_ends_cancels_and_the_next_process_runs_it, needs ordered_succession, or drain::ends_what_runs),
    case!(KeyOrder: lease::a_slow_handler_is_not_run_twice),
    case!(NoLoss: fault::a_restart_under_load_loses_nothing, needs restart, or restart_is_not_offered),
    case!(NoLoss: fault::a_cut_in_mid_run_loses_nothing_and_its_outcome_counts, needs cut, or cut_is_not_offered),
];

fn order_by_key(offer: &Offer) -> bool {
    offer.capabilities.order_by_key.is_supported()
}

/// A governor keeps them in its ledger.
fn letters_on_the_broker(offer: &Offer) -> bool {
    !offer.governed
}

fn ordered_succession(offer: &Offer) -> bool {
    order_by_key(offer) && !offer.lacks.succession
}

fn governed_succession(offer: &Offer) -> bool {
    governed(offer) && !offer.lacks.succession
}

/// The broker keeps it, or tells a ledger that it does not.
fn waits_for_consumers(offer: &Offer) -> bool {
    let capabilities = &offer.capabilities;
    capabilities.replay.is_supported()
        || (governed(offer) && capabilities.no_group_reported.is_supported())
}

fn governed(offer: &Offer) -> bool {
    offer.governed
}

fn restart(offer: &Offer) -> bool {
    offer.faults.restart
}

fn cut(offer: &Offer) -> bool {
    offer.faults.cut
}
