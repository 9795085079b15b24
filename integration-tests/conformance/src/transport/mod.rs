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
    case!(NoLoss: message::odd_messages_survive_the_round_trip),
    case!(NoLoss: message::the_largest_payload_survives),
    case!(Contract: message::an_oversize_message_fails_alone_in_its_batch),
    case!(Contract: message::an_oversize_message_is_refused_before_anything_is_sent),
    case!(Contract: message::positions_name_messages),
    case!(Contract: message::topics_are_isolated),
    case!(NoLoss: message::a_publish_that_nobody_hears_says_so, needs no_group_reported, or message::is_stored_all_the_same),
    case!(Contract: batch::an_empty_batch_is_nothing),
    case!(Contract: batch::a_batch_beyond_the_limit_is_refused_whole, needs batch_limit, or batch::a_large_batch_is_taken),
    case!(AckAfterEffect: batch::a_settle_batch_names_its_failed_entry),
    case!(NoLoss: batch::parallel_publishers_lose_nothing),
    case!(NoLoss: batch::calls_of_one_publisher_may_overlap),
    case!(NoLoss: group::every_group_gets_every_message),
    case!(AckAfterEffect: group::competing_consumers_share_and_none_gets_twice),
    case!(NoLoss: group::those_who_start_together_all_get_in),
    case!(Contract: group::a_new_group_begins_with_the_earliest, needs replay, or group::begins_with_its_creation),
    case!(Contract: group::a_new_group_can_begin_with_the_latest),
    case!(NoLoss: group::many_groups_and_topics_stay_apart),
    case!(AckAfterEffect: settlement::each_delivery_settles_apart),
    case!(AckAfterEffect: settlement::an_ack_survives_a_reconnect),
    case!(NoLoss: settlement::what_failed_comes_back_after_a_reconnect, needs succession, or lease::is_held_while_its_subscriber_lives),
    case!(Contract: settlement::a_retry_delay_is_a_floor, needs delayed_retry, or settlement::retry_is_unsupported),
    case!(Contract: settlement::a_release_hands_back_at_once),
    case!(Contract: settlement::the_attempt_count_rises, needs attempt_count, or settlement::attempts_are_unknown),
    case!(NoLoss: settlement::failing_every_third_message_loses_none),
    case!(NoLoss: settlement::much_unsettled_work_stops_nothing_for_good),
    case!(AckAfterEffect: token::settling_twice_is_stale),
    case!(AckAfterEffect: token::a_token_of_another_subscriber_is_refused),
    case!(AckAfterEffect: token::a_bare_tag_of_another_generation_is_refused),
    case!(AckAfterEffect: token::a_token_from_before_a_reopening_is_refused, needs succession, or lease::is_held_while_its_subscriber_lives),
    case!(NoLoss: lease::an_unsettled_delivery_comes_back_after_its_lease, needs lease_extension, or lease::is_held_until_closed),
    case!(Contract: lease::an_extended_lease_keeps_its_delivery, needs lease_extension, or lease::extension_is_unsupported),
    case!(NoLoss: lease::what_a_closed_subscriber_held_comes_back, needs succession, or lease::is_held_while_its_subscriber_lives),
    case!(NoLoss: lease::what_a_dropped_subscriber_held_comes_back, needs succession, or lease::is_held_while_its_subscriber_lives),
    case!(KeyOrder: order::a_key_keeps_its_order_across_competing_consumers, needs order_by_key, or order::all_keys_arrive),
    case!(KeyOrder: order::what_comes_back_goes_before_later_ones_of_its_key, needs order_ahead, or order::all_keys_arrive),
    case!(Contract: receive::a_receive_ends_empty_at_its_time),
    case!(Bounded: receive::a_receive_takes_no_more_than_asked),
    case!(Contract: receive::a_publish_wakes_a_waiting_receive),
    case!(NoLoss: receive::a_cancelled_receive_loses_nothing),
    case!(Contract: closing::what_is_closed_says_closed),
    case!(Contract: closing::closing_twice_is_harmless),
    case!(Contract: closing::closing_the_subscriber_wakes_its_receive),
    case!(Contract: closing::closing_the_transport_wakes_its_receive),
    case!(NoLoss: closing::opening_and_closing_again_and_again_loses_nothing, needs succession, or lease::is_held_while_its_subscriber_lives),
    case!(Contract: topology::verify_names_the_missing_topic),
    case!(Contract: topology::verify_names_the_missing_group),
    case!(Contract: topology::never_creates_nothing, needs admin, or admin::is_unsupported),
    case!(Contract: topology::what_exists_is_left_as_it_stands, needs succession, or lease::is_held_while_its_subscriber_lives),
    case!(Contract: admin::topology_is_created_once_and_deleted_once, needs admin, or admin::is_unsupported),
    case!(Contract: admin::a_created_group_keeps_its_start, needs admin, or admin::is_unsupported),
    case!(Contract: admin::lag_counts_what_was_not_handed_over, needs lag, or admin::lag_is_not_told),
    case!(NoLoss: fault::a_restart_keeps_what_was_confirmed, needs restart, or fault::restart_is_not_offered),
    case!(AckAfterEffect: fault::a_restart_makes_tokens_stale_and_brings_work_back, needs restart, or fault::restart_is_not_offered),
    case!(NoLoss: fault::publishing_through_restarts_loses_nothing, needs restart, or fault::restart_is_not_offered),
    case!(AckAfterEffect: fault::a_cut_makes_tokens_stale_and_brings_work_back, needs cut, or fault::cut_is_not_offered),
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

fn succession(offer: &Offer) -> bool {
    !offer.lacks.succession
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
