//! What is broken, and which case must notice.

/// How a transport is sabotaged.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Mutation {
    /// Not at all: every case must pass, or the mutants prove nothing.
    Nothing,
    NackIsNoop,
    NackAcks,
    NackGoesToTheEnd,
    RetryForgetsItsDelay,
    AttemptsStandStill,
    AcksAreKeptBack,
    AcksOnReceive,
    BareTagsAreAccepted,
    HoldsForEver,
    SettleHidesFailures,
    PublishHidesFailures,
    OversizeIsSent,
    BatchLimitIsIgnored,
    ConfirmsBeforeStoring,
    OverlappingCallsCollide,
    ClosedPublisherSends,
    NobodyIsNotNoticed,
    KeysAreDropped,
    RepeatedHeadersCollapse,
    PayloadsBecomeText,
    GroupsShare,
    ConsumersGetCopies,
    LatestIsFixedLate,
    OpeningMovesTheGroup,
    VerifyCreates,
    NeverCreates,
    LeasesNeverEnd,
    ExtensionIsNoop,
    ClosingKeepsDeliveries,
    ClosingLeavesReceiveBlocked,
    ReceiveTakesTooMany,
    ReceiveSleepsThrough,
    ReceiveDropsOnCancel,
    ReceiveDiesAfterACut,
    LagIsZero,
    RetryIsDenied,
    AttemptsAreDenied,
    ReplayIsDenied,
    DeadLettersAreDropped,
}

/// A mutation, said in words, and the case that must fail on it.
#[derive(Debug)]
pub(super) struct Mutant {
    pub(super) name: &'static str,
    pub(super) breaks: &'static str,
    pub(super) mutation: Mutation,
    pub(super) caught_by: &'static str,
}

macro_rules! mutants {
    ($($name:ident = $mutation:ident, $breaks:literal, caught by $case:ident;)+) => {
        /// Every mutant of the transport contract.
        pub(super) const MUTANTS: &[Mutant] = &[$(Mutant {
            name: stringify!($name),
            breaks: $breaks,
            mutation: Mutation::$mutation,
            caught_by: stringify!($case),
        }),+];
    };
}

mutants! {
    nack_is_noop = NackIsNoop, "retry and release never reach the broker",
        caught by a_release_hands_back_at_once;
    nack_acks = NackAcks, "retry and release settle for good",
        caught by each_delivery_settles_apart;
    nack_goes_to_the_end = NackGoesToTheEnd, "what is handed back goes behind later messages",
        caught by what_comes_back_goes_before_later_ones_of_its_key;
    retry_forgets_its_delay = RetryForgetsItsDelay, "a delayed retry comes back at once",
        caught by a_retry_delay_is_a_floor;
    attempts_stand_still = AttemptsStandStill, "every attempt is the first",
        caught by the_attempt_count_rises;
    acks_are_kept_back = AcksAreKeptBack, "acks are lost with the connection",
        caught by an_ack_survives_a_reconnect;
    acks_on_receive = AcksOnReceive, "messages are acked before they are handled",
        caught by what_failed_comes_back_after_a_reconnect;
    acks_on_receive_lose_a_dropped_hold = AcksOnReceive, "messages are acked when received",
        caught by what_a_dropped_subscriber_held_comes_back;
    bare_tags_are_accepted = BareTagsAreAccepted, "a tag counts without its generation",
        caught by a_bare_tag_of_another_generation_is_refused;
    bare_tags_survive_a_reopening = BareTagsAreAccepted, "a tag counts after a reopening",
        caught by a_token_from_before_a_reopening_is_refused;
    holds_for_ever = HoldsForEver, "a token of an earlier subscriber seems to be held",
        caught by a_token_from_before_a_reopening_is_refused;
    bare_tags_survive_a_cut = BareTagsAreAccepted, "a tag counts after a cut",
        caught by a_cut_makes_tokens_stale_and_brings_work_back;
    settle_hides_failures = SettleHidesFailures, "a settle batch hides its failed entry",
        caught by a_settle_batch_names_its_failed_entry;
    settling_twice_is_hidden = SettleHidesFailures, "a second settle seems to work",
        caught by settling_twice_is_stale;
    publish_hides_failures = PublishHidesFailures, "a publish batch hides its failed entry",
        caught by an_oversize_message_fails_alone_in_its_batch;
    oversize_is_sent = OversizeIsSent, "the payload limit is not checked before sending",
        caught by an_oversize_message_is_refused_before_anything_is_sent;
    batch_limit_is_ignored = BatchLimitIsIgnored, "a batch beyond the limit is partly sent",
        caught by a_batch_beyond_the_limit_is_refused_whole;
    confirms_before_storing = ConfirmsBeforeStoring, "what is confirmed may not be stored yet",
        caught by a_restart_keeps_what_was_confirmed;
    overlapping_calls_collide = OverlappingCallsCollide, "a call that overlaps another one is lost",
        caught by calls_of_one_publisher_may_overlap;
    closed_publisher_sends = ClosedPublisherSends, "a closed publisher goes on",
        caught by what_is_closed_says_closed;
    nobody_is_not_noticed = NobodyIsNotNoticed, "a publish that nobody hears seems stored",
        caught by a_publish_that_nobody_hears_says_so;
    keys_are_dropped = KeysAreDropped, "the broker does not learn the keys",
        caught by a_key_keeps_its_order_across_competing_consumers;
    repeated_headers_collapse = RepeatedHeadersCollapse, "headers are kept in a map",
        caught by odd_messages_survive_the_round_trip;
    payloads_become_text = PayloadsBecomeText, "payloads pass through a string",
        caught by odd_messages_survive_the_round_trip;
    groups_share = GroupsShare, "two groups share one queue",
        caught by every_group_gets_every_message;
    consumers_get_copies = ConsumersGetCopies, "each consumer of a group gets a copy",
        caught by competing_consumers_share_and_none_gets_twice;
    latest_is_fixed_late = LatestIsFixedLate, "the start is fixed by the first receive",
        caught by a_new_group_can_begin_with_the_latest;
    opening_moves_the_group = OpeningMovesTheGroup, "opening again resets the group",
        caught by what_exists_is_left_as_it_stands;
    verify_creates = VerifyCreates, "verify creates what is missing",
        caught by verify_names_the_missing_topic;
    verify_creates_groups = VerifyCreates, "verify creates a missing group",
        caught by verify_names_the_missing_group;
    never_creates = NeverCreates, "never makes topology all the same",
        caught by never_creates_nothing;
    leases_never_end = LeasesNeverEnd, "what a consumer holds is held for ever",
        caught by an_unsettled_delivery_comes_back_after_its_lease;
    extension_is_noop = ExtensionIsNoop, "an extension never reaches the broker",
        caught by an_extended_lease_keeps_its_delivery;
    closing_keeps_deliveries = ClosingKeepsDeliveries, "a closed subscriber keeps what it held",
        caught by what_a_closed_subscriber_held_comes_back;
    closing_leaves_receive_blocked = ClosingLeavesReceiveBlocked, "close wakes nobody",
        caught by closing_the_subscriber_wakes_its_receive;
    receive_takes_too_many = ReceiveTakesTooMany, "a receive ignores its bound",
        caught by a_receive_takes_no_more_than_asked;
    receive_sleeps_through = ReceiveSleepsThrough, "a publish does not wake a receive",
        caught by a_publish_wakes_a_waiting_receive;
    receive_drops_on_cancel = ReceiveDropsOnCancel, "a cancelled receive loses messages",
        caught by a_cancelled_receive_loses_nothing;
    receive_dies_after_a_cut = ReceiveDiesAfterACut, "a subscription dies without a word",
        caught by a_cut_makes_tokens_stale_and_brings_work_back;
    lag_is_zero = LagIsZero, "the lag is never told",
        caught by lag_counts_what_was_not_handed_over;
    retry_is_denied = RetryIsDenied, "delayed retry works although it is said to be absent",
        caught by a_retry_delay_is_a_floor;
    attempts_are_denied = AttemptsAreDenied, "attempts are told although said to be absent",
        caught by the_attempt_count_rises;
    replay_is_denied = ReplayIsDenied, "a group gets what was before it, although denied",
        caught by a_new_group_begins_with_the_earliest;
}
