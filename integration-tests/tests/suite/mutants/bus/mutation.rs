//! What is broken, and which case must notice.

use super::super::mutation::Mutation;

/// How a bus or a governor is sabotaged.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum BusMutation {
    /// Not at all: every case must pass on the bus, or the mutants prove nothing.
    Nothing,
    /// Not at all, with a governor.
    NothingGoverned,
    /// The transport under the bus is.
    Transport(Mutation),
    LanesAreIgnored,
    RetriesComeAtOnce,
    RetriesAreForgotten,
    AttemptsStandStill,
    FailuresAreOutcomes,
    StructuralIsTriedAgain,
    PanicsAreOutcomes,
    RunsTakeTheirTime,
    OutputsAreDropped,
    KeysAreNotInherited,
    TypesAreNotChecked,
    EverythingIsTaken,
    PausesAreIgnored,
    GraceIsNotGiven,
    GraceNeverEnds,
    GovernorIsAbsent,
    LedgersAreApart,
    HoldsAreUnbounded,
}

impl BusMutation {
    /// What is broken below the bus.
    pub(super) fn transport(self) -> Mutation {
        if let Self::Transport(mutation) = self { mutation } else { Mutation::Nothing }
    }

    /// Whether a governor is broken, and not the bus.
    pub(super) fn is_governed(self) -> bool {
        matches!(
            self,
            Self::NothingGoverned
                | Self::GovernorIsAbsent
                | Self::LedgersAreApart
                | Self::HoldsAreUnbounded
        )
    }

    /// The same with nothing broken.
    pub(super) fn control(self) -> Self {
        if self.is_governed() { Self::NothingGoverned } else { Self::Nothing }
    }

    /// Its part in the names of tests.
    pub(super) fn layer(self) -> &'static str {
        if self.is_governed() { "governed" } else { "bus" }
    }
}

/// A mutation, said in words, and the case that must fail on it.
#[derive(Debug)]
pub(super) struct Mutant {
    pub(super) name: &'static str,
    pub(super) breaks: &'static str,
    pub(super) mutation: BusMutation,
    pub(super) caught_by: &'static str,
}

macro_rules! mutants {
    ($($name:ident = $mutation:expr, $breaks:literal, caught by $case:ident;)+) => {
        /// Every mutant of the bus and the governor.
        pub(super) const MUTANTS: &[Mutant] = &[$(Mutant {
            name: stringify!($name),
            breaks: $breaks,
            mutation: $mutation,
            caught_by: stringify!($case),
        }),+];
    };
}

mutants! {
    lanes_are_ignored = BusMutation::LanesAreIgnored, "events overtake a head that tries again",
        caught by a_failing_head_holds_its_key_and_no_other;
    retries_come_at_once = BusMutation::RetriesComeAtOnce, "a retry has no floor",
        caught by a_retry_delay_is_a_floor_and_attempts_count_up;
    attempts_stand_still = BusMutation::AttemptsStandStill, "handlers see attempt 1 for ever",
        caught by a_retry_delay_is_a_floor_and_attempts_count_up;
    retries_are_forgotten = BusMutation::RetriesAreForgotten, "the first failure is the last",
        caught by what_keeps_failing_is_given_up_with_every_reason;
    dead_letters_are_dropped = BusMutation::Transport(Mutation::DeadLettersAreDropped),
        "dead letters are confirmed and not kept",
        caught by what_keeps_failing_is_given_up_with_every_reason;
    failures_are_outcomes = BusMutation::FailuresAreOutcomes, "what failed is acked",
        caught by what_cannot_succeed_is_given_up_at_once;
    structural_is_tried_again = BusMutation::StructuralIsTriedAgain, "nothing is given up at once",
        caught by what_cannot_succeed_is_given_up_at_once;
    short_letters_are_dropped = BusMutation::Transport(Mutation::DeadLettersAreDropped),
        "dead letters that say less are confirmed and not kept",
        caught by a_letter_too_large_says_less_and_keeps_its_bytes;
    what_cannot_be_given_up_is_acked = BusMutation::Transport(Mutation::NackAcks),
        "what the broker takes no dead letter of is settled for good",
        caught by a_refused_letter_ends_the_subscription_and_stays;
    quarantine_spoils_bytes = BusMutation::Transport(Mutation::PayloadsBecomeText),
        "bytes pass through a string on their way to the quarantine",
        caught by what_is_no_event_is_quarantined_with_its_bytes;
    types_are_not_checked = BusMutation::TypesAreNotChecked, "a handler gets what it does not take",
        caught by an_unexpected_type_is_not_handled_and_shown;
    panics_are_outcomes = BusMutation::PanicsAreOutcomes, "a panic is acked",
        caught by a_panic_is_a_failed_attempt;
    runs_take_their_time = BusMutation::RunsTakeTheirTime, "no run is ever timed out",
        caught by a_time_out_is_a_failed_attempt;
    groups_share = BusMutation::Transport(Mutation::GroupsShare), "two handlers share the events",
        caught by every_handler_gets_every_event;
    processes_get_copies = BusMutation::Transport(Mutation::ConsumersGetCopies),
        "each process of a handler gets every event",
        caught by competing_processes_share_and_run_each_event_once;
    outputs_are_dropped = BusMutation::OutputsAreDropped, "what a handler emits is not published",
        caught by outputs_inherit_tree_cause_and_key;
    keys_are_not_inherited = BusMutation::KeysAreNotInherited, "outputs lose the key of their cause",
        caught by outputs_inherit_tree_cause_and_key;
    everything_is_taken = BusMutation::EverythingIsTaken, "what is in flight has no bound",
        caught by what_is_in_flight_stays_bounded;
    pauses_are_ignored = BusMutation::PausesAreIgnored, "handlers start in a pause",
        caught by a_pause_starts_nothing_and_loses_nothing;
    grace_is_not_given = BusMutation::GraceIsNotGiven, "a drain cancels what runs at once",
        caught by a_drain_ends_what_runs_and_hands_back_what_waits;
    drain_forgets_what_waits = BusMutation::Transport(Mutation::NackAcks),
        "what a drain hands back is settled for good",
        caught by a_drain_ends_what_runs_and_hands_back_what_waits;
    drain_turns_the_order = BusMutation::Transport(Mutation::NackGoesToTheEnd),
        "what a drain hands back goes behind what waits",
        caught by a_grace_that_ends_cancels_and_the_next_process_runs_it;
    acks_are_lost = BusMutation::Transport(Mutation::AcksAreKeptBack),
        "what was handled is never acked",
        caught by a_drain_ends_what_runs_and_hands_back_what_waits;
    grace_never_ends = BusMutation::GraceNeverEnds, "a drain waits for ever",
        caught by a_grace_that_ends_cancels_and_the_next_process_runs_it;
    acks_before_handling = BusMutation::Transport(Mutation::AcksOnReceive),
        "events are acked before they are handled",
        caught by a_grace_that_ends_cancels_and_the_next_process_runs_it;
    leases_are_not_renewed = BusMutation::Transport(Mutation::ExtensionIsNoop),
        "a slow handler loses its lease",
        caught by a_slow_handler_is_not_run_twice;
    confirms_before_storing = BusMutation::Transport(Mutation::ConfirmsBeforeStoring),
        "what is confirmed may not be stored yet",
        caught by a_restart_under_load_loses_nothing;
    a_cut_is_the_end = BusMutation::Transport(Mutation::ReceiveDiesAfterACut),
        "a subscription does not come back after a cut",
        caught by a_cut_in_mid_run_loses_nothing_and_its_outcome_counts;
    governor_admits_forgeries = BusMutation::GovernorIsAbsent, "anybody may publish any type",
        caught by an_unrecorded_event_is_not_handled_and_shown;
    governor_forgets_outcomes = BusMutation::GovernorIsAbsent, "deliveries are settled without a gate",
        caught by a_duplicate_is_not_run_again;
    governor_parks_nothing = BusMutation::HoldsAreUnbounded, "what waits long holds its delivery",
        caught by a_retry_beyond_the_hold_waits_in_the_ledger;
    ledgers_are_apart = BusMutation::LedgersAreApart, "each process has a ledger of its own",
        caught by a_duplicate_is_not_run_again;
}
