//! The cases of the transport contract, one file for each part of it.

mod admin;
mod batch;
mod closing;
pub(crate) mod fault;
mod group;
mod lease;
mod message;
mod order;
mod receive;
mod settlement;
mod token;
mod topology;

use crate::backend::Offer;
use crate::case::{Case, case};

/// Every case of the transport contract.
pub const TRANSPORT_CASES: &[Case] = &[
    case!(message::odd_messages_survive_the_round_trip),
    case!(message::the_largest_payload_survives),
    case!(message::an_oversize_message_fails_alone_in_its_batch),
    case!(message::an_oversize_message_is_refused_before_anything_is_sent),
    case!(message::positions_name_messages),
    case!(message::topics_are_isolated),
    case!(message::a_publish_that_nobody_hears_says_so, needs no_group_reported, or message::is_stored_all_the_same),
    case!(batch::an_empty_batch_is_nothing),
    case!(batch::a_batch_beyond_the_limit_is_refused_whole, needs batch_limit, or batch::a_large_batch_is_taken),
    case!(batch::a_settle_batch_names_its_failed_entry),
    case!(batch::parallel_publishers_lose_nothing),
    case!(group::every_group_gets_every_message),
    case!(group::competing_consumers_share_and_none_gets_twice),
    case!(group::a_new_group_begins_with_the_earliest, needs replay, or group::begins_with_its_creation),
    case!(group::a_new_group_can_begin_with_the_latest),
    case!(group::many_groups_and_topics_stay_apart),
    case!(settlement::each_delivery_settles_apart),
    case!(settlement::an_ack_survives_a_reconnect),
    case!(settlement::what_failed_comes_back_after_a_reconnect),
    case!(settlement::a_retry_delay_is_a_floor, needs delayed_retry, or settlement::retry_is_unsupported),
    case!(settlement::a_release_hands_back_at_once),
    case!(settlement::the_attempt_count_rises, needs attempt_count, or settlement::attempts_are_unknown),
    case!(settlement::failing_every_third_message_loses_none),
    case!(settlement::much_unsettled_work_stops_nothing_for_good),
    case!(token::settling_twice_is_stale),
    case!(token::a_token_of_another_subscriber_is_refused),
    case!(token::a_bare_tag_of_another_generation_is_refused),
    case!(token::a_token_from_before_a_reopening_is_refused),
    case!(lease::an_unsettled_delivery_comes_back_after_its_lease, needs lease_extension, or lease::comes_back_when_closed),
    case!(lease::an_extended_lease_keeps_its_delivery, needs lease_extension, or lease::extension_is_unsupported),
    case!(lease::what_a_closed_subscriber_held_comes_back),
    case!(lease::what_a_dropped_subscriber_held_comes_back),
    case!(order::a_key_keeps_its_order_across_competing_consumers, needs order_by_key, or order::all_keys_arrive),
    case!(order::what_comes_back_goes_before_later_ones_of_its_key, needs order_ahead, or order::all_keys_arrive),
    case!(receive::a_receive_ends_empty_at_its_time),
    case!(receive::a_receive_takes_no_more_than_asked),
    case!(receive::a_publish_wakes_a_waiting_receive),
    case!(receive::a_cancelled_receive_loses_nothing),
    case!(closing::what_is_closed_says_closed),
    case!(closing::closing_twice_is_harmless),
    case!(closing::closing_the_subscriber_wakes_its_receive),
    case!(closing::closing_the_transport_wakes_its_receive),
    case!(closing::opening_and_closing_again_and_again_loses_nothing),
    case!(topology::verify_names_the_missing_topic),
    case!(topology::verify_names_the_missing_group),
    case!(topology::never_creates_nothing, needs admin, or admin::is_unsupported),
    case!(topology::what_exists_is_left_as_it_stands),
    case!(admin::topology_is_created_once_and_deleted_once, needs admin, or admin::is_unsupported),
    case!(admin::a_created_group_keeps_its_start, needs admin, or admin::is_unsupported),
    case!(admin::lag_counts_what_was_not_handed_over, needs lag, or admin::lag_is_not_told),
    case!(fault::a_restart_keeps_what_was_confirmed, needs restart, or fault::restart_is_not_offered),
    case!(fault::a_restart_makes_tokens_stale_and_brings_work_back, needs restart, or fault::restart_is_not_offered),
    case!(fault::publishing_through_restarts_loses_nothing, needs restart, or fault::restart_is_not_offered),
    case!(fault::a_cut_makes_tokens_stale_and_brings_work_back, needs cut, or fault::cut_is_not_offered),
];

fn no_group_reported(offer: &Offer) -> bool {
    offer.capabilities.no_group_reported.is_supported()
}

fn batch_limit(offer: &Offer) -> bool {
    offer.capabilities.limits.batch_messages_max < batch::LARGE
}

fn replay(offer: &Offer) -> bool {
    offer.capabilities.replay.is_supported()
}

fn delayed_retry(offer: &Offer) -> bool {
    offer.capabilities.delayed_retry.is_supported()
}

fn attempt_count(offer: &Offer) -> bool {
    offer.capabilities.attempt_count.is_supported()
}

fn lease_extension(offer: &Offer) -> bool {
    offer.capabilities.lease_extension.is_supported()
}

fn order_by_key(offer: &Offer) -> bool {
    offer.capabilities.order_by_key.is_supported()
}

fn order_ahead(offer: &Offer) -> bool {
    order_by_key(offer) && !offer.lacks.ahead
}

fn admin(offer: &Offer) -> bool {
    offer.capabilities.admin.is_supported()
}

fn lag(offer: &Offer) -> bool {
    offer.capabilities.lag.is_supported()
}

fn restart(offer: &Offer) -> bool {
    offer.faults.restart
}

fn cut(offer: &Offer) -> bool {
    offer.faults.cut
}
