//! What the conformance suite cannot ask for because only SNS and SQS have it. Some run against
//! answers that a script gives; the rest is selected as the suite's backend is: by the URL of services
//! that run, in `WINGMAN_SNS_SQS_URL`; what SQS does by itself also on one of other make, without SNS, in
//! `WINGMAN_ELASTICMQ_URL`.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on panics")]

mod answers;
mod cut;
mod existing;
mod fifo;
mod foreign;
mod gone;
mod leases;
mod proxy;
mod queue;
mod refused;
mod server;
mod sizes;
mod without_sns;

use std::pin::Pin;
use std::time::Duration;

use libtest_mimic::{Arguments, Failed, Trial};

use crate::server::Server;

type Run = fn(Server) -> Pin<Box<dyn Future<Output = ()>>>;
type Tests = &'static [(&'static str, Run)];
type RunAlone = fn() -> Pin<Box<dyn Future<Output = ()>>>;

/// No test waits longer.
const TEST_MAX: Duration = Duration::from_secs(60);

macro_rules! table {
    ($($module:ident :: $name:ident),* $(,)?) => {
        &[$((
            concat!(stringify!($module), "::", stringify!($name)),
            |server| Box::pin($module::$name(server)),
        )),*]
    };
}

const TESTS: Tests = table![
    cut::an_answer_that_is_cut_off_is_unknown_and_the_rest_is_not_sent,
    cut::an_answer_that_does_not_come_is_unknown_in_time,
    cut::a_receive_without_an_answer_loses_nothing,
    cut::a_cut_connection_ends_no_hand_over,
    cut::a_service_that_is_not_there_took_nothing,
    existing::no_topic_is_made_for_a_queue_of_others,
    fifo::a_failing_head_holds_its_key_and_no_other,
    fifo::without_a_key_nothing_waits_for_anything,
    fifo::what_is_published_twice_comes_twice,
    foreign::a_subscription_that_is_not_raw_is_used_as_it_stands,
    foreign::where_nobody_may_look_the_url_says_it,
    foreign::what_looks_like_a_notification_is_left_alone,
    foreign::what_others_send_to_the_queue_is_read,
    gone::an_ensured_queue_is_made_again,
    gone::a_verified_queue_is_named_as_missing,
    gone::a_publisher_without_its_topic_says_unroutable,
    gone::deleting_a_topic_leaves_the_queues_of_others,
    leases::a_slow_handler_loses_its_lease_and_cannot_end_another_s,
    leases::a_slow_handler_that_extends_keeps_it,
    leases::a_receive_that_was_dropped_hands_back_what_it_took,
    leases::what_one_call_cannot_hold_is_settled_in_several,
    refused::a_settle_batch_names_the_entry_that_the_service_refused,
    refused::a_hand_over_named_twice_is_settled_once,
    refused::another_region_is_another_place,
    refused::without_an_account_the_credentials_say_it,
    refused::a_queue_that_does_not_let_the_topic_send_is_named,
    refused::what_the_service_cannot_do_is_unsupported,
    sizes::thirty_headers_arrive,
    sizes::the_largest_bytes_arrive_and_headers_count,
    sizes::a_batch_beyond_one_call_keeps_its_order,
];

/// Of SQS alone.
const QUEUES: Tests = table![
    existing::a_queue_of_others_is_used_as_it_stands,
    existing::a_standard_queue_is_consumed_unordered,
    existing::a_queue_that_is_not_there_is_not_made,
    queue::a_key_waits_for_its_head_and_attempts_are_counted,
    queue::a_lease_ends_unless_it_is_extended,
    queue::a_settle_batch_names_the_entry_that_the_service_refused,
    queue::what_is_closed_hands_back_and_what_is_gone_is_named,
    queue::what_others_send_is_read_with_its_attributes,
];

const WITHOUT_SNS: Tests = table![
    without_sns::what_needs_sns_is_unsupported_and_makes_nothing,
    without_sns::who_asks_nothing_of_topology_is_refused_when_it_publishes,
];

/// The tests on each service, by the variable that selects it; with what their names begin with.
const SERVERS: &[(&str, &str, &[Tests])] = &[
    ("WINGMAN_SNS_SQS_URL", "", &[TESTS, QUEUES]),
    ("WINGMAN_ELASTICMQ_URL", "elasticmq::", &[QUEUES, WITHOUT_SNS]),
];

const ALONE: &[(&str, RunAlone)] = &[
    ("answers::a_batch_tells_each_entry_apart", || {
        Box::pin(answers::a_batch_tells_each_entry_apart())
    }),
    ("answers::after_a_throttled_entry_nothing_more_is_sent", || {
        Box::pin(answers::after_a_throttled_entry_nothing_more_is_sent())
    }),
    ("answers::wrong_credentials_are_permanent_and_not_shown", || {
        Box::pin(answers::wrong_credentials_are_permanent_and_not_shown())
    }),
    ("answers::what_is_forbidden_says_so", || Box::pin(answers::what_is_forbidden_says_so())),
    ("answers::never_asks_nothing_of_topology", || {
        Box::pin(answers::never_asks_nothing_of_topology())
    }),
];

fn main() {
    let arguments = Arguments::from_args();
    let alone =
        |&(name, run): &(&'static str, RunAlone)| Trial::test(name, move || on_runtime(run()));
    let mut trials: Vec<_> = ALONE.iter().map(alone).collect();
    for &(variable, place, tests) in SERVERS {
        let Ok(url) = std::env::var(variable) else { continue };
        trials.extend(tests.iter().copied().flatten().map(|&(name, run)| {
            let url = url.clone();
            Trial::test(format!("{place}{name}"), move || {
                on_runtime(async move { run(Server::new(name, &url).await).await })
            })
        }));
    }
    libtest_mimic::run(&arguments, trials).exit();
}

fn on_runtime(run: impl Future<Output = ()>) -> Result<(), Failed> {
    let runtime =
        tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build()?;
    runtime.block_on(async move {
        tokio::time::timeout(TEST_MAX, run)
            .await
            .map_err(|_| format!("took longer than {TEST_MAX:?}").into())
    })
}
