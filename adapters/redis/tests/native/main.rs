//! What the conformance suite cannot ask for because only Redis has it. Selected as the suite's
//! Redis is: by the URL of a server that runs, in `WINGMAN_REDIS_URL`, of a Valkey in
//! `WINGMAN_VALKEY_URL`, and of a Redis over TLS with users that may do little, in
//! `WINGMAN_REDIS_SECURED_URL`.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on panics")]

mod existing;
mod flushed;
mod foreign;
mod ordered;
mod refused;
mod secured;
mod server;
mod unordered;

use std::pin::Pin;
use std::time::Duration;

use libtest_mimic::{Arguments, Failed, Trial};

use crate::server::Server;

type Run = fn(Server) -> Pin<Box<dyn Future<Output = ()> + Send>>;
type Tests = &'static [(&'static str, Run)];

/// No test waits longer.
const TEST_MAX: Duration = Duration::from_secs(30);

macro_rules! table {
    ($($module:ident :: $name:ident),* $(,)?) => {
        &[$((
            concat!(stringify!($module), "::", stringify!($name)),
            |server| Box::pin($module::$name(server)),
        )),*]
    };
}

const TESTS: Tests = table![
    existing::a_stream_and_group_of_others_are_used_as_they_stand,
    existing::a_stream_that_is_not_there_is_not_made,
    existing::what_a_consumer_of_others_holds_stays_until_the_lease,
    existing::a_group_of_others_is_not_deleted,
    flushed::an_ensured_group_is_created_again_and_misses_nothing,
    flushed::a_destroyed_group_is_created_again_at_once,
    flushed::a_verified_group_is_named_as_missing,
    flushed::a_publisher_that_may_not_create_says_unroutable,
    foreign::entries_of_other_programs_are_read,
    foreign::deleting_what_is_pending_loses_nothing_else,
    foreign::leaving_drops_nothing_that_is_pending,
    ordered::an_owner_that_stopped_is_succeeded_in_order,
    ordered::a_delayed_head_holds_up_its_key_and_no_other,
    ordered::who_lost_the_ownership_gives_back_what_it_read,
    ordered::what_a_key_waits_for_survives_its_subscriber,
    ordered::a_release_is_no_attempt,
    refused::wrong_credentials_are_permanent,
    refused::a_key_of_another_type_is_a_conflict,
    refused::a_lease_is_not_renewed_beyond_its_length,
    refused::a_hand_over_named_twice_is_settled_once,
    refused::an_answer_that_does_not_come_is_unknown,
    unordered::consumers_share_and_take_over_what_another_released,
    unordered::a_lost_consumer_is_inherited_after_its_lease,
];

const SECURED: Tests = table![
    secured::what_the_readme_asks_for_is_enough,
    secured::who_may_not_create_works_on_what_is_there,
    secured::who_may_not_create_is_told_what_is_missing,
    secured::what_is_not_this_user_s_is_refused,
    secured::a_server_that_is_not_trusted_is_refused,
    secured::a_certificate_of_ours_is_shown,
    secured::a_port_of_the_other_way_is_said,
    secured::credentials_that_end_stop_whoever_uses_them,
];

/// The tests on each server, by the variable that selects it; with what their names and those of their
/// topics begin with.
const SERVERS: &[(&str, &str, &str, Tests)] = &[
    ("WINGMAN_REDIS_URL", "", "native", TESTS),
    ("WINGMAN_VALKEY_URL", "valkey::", "native", TESTS),
    ("WINGMAN_REDIS_SECURED_URL", "", "secured", SECURED),
];

fn main() {
    let mut trials = Vec::new();
    for &(variable, place, begin, tests) in SERVERS {
        let Ok(url) = std::env::var(variable) else { continue };
        trials.extend(tests.iter().map(|&(name, run)| {
            let url = url.clone();
            Trial::test(format!("{place}{name}"), move || on_runtime((begin, name), &url, run))
        }));
    }
    libtest_mimic::run(&Arguments::from_args(), trials).exit();
}

fn on_runtime((begin, name): (&str, &str), url: &str, run: Run) -> Result<(), Failed> {
    let runtime =
        tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build()?;
    runtime.block_on(async move {
        let server = Server::with_topic(begin, name, url).await;
        tokio::time::timeout(TEST_MAX, run(server))
            .await
            .map_err(|_| format!("took longer than {TEST_MAX:?}").into())
    })
}
