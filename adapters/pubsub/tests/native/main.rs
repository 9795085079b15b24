//! What only a service can show. Selected by `WINGMAN_PUBSUB_URL`, the URL of a pstest that runs, and
//! `WINGMAN_PUBSUB_EMULATOR_URL`, that of Google's emulator; without them there is nothing to run here.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on panics")]

mod existing;
mod foreign;
mod gone;
mod keys;
mod server;

use std::pin::Pin;

use libtest_mimic::{Arguments, Trial};

use crate::server::Server;

type Run = fn(Server) -> Pin<Box<dyn Future<Output = ()>>>;
type Tests = &'static [(&'static str, Run)];

macro_rules! table {
    ($($module:ident :: $name:ident),+ $(,)?) => {
        &[$((
            concat!(stringify!($module), "::", stringify!($name)),
            |server| Box::pin($module::$name(server)),
        )),+]
    };
}

const TESTS: Tests = table![
    existing::a_subscription_that_is_not_there_is_not_made,
    foreign::messages_of_other_programs_are_read_whole,
    foreign::a_subscription_of_others_is_no_group_and_is_left_alone,
    foreign::names_that_are_no_ids_work,
    gone::a_deleted_subscription_is_named_and_a_new_one_is_read,
    gone::a_deleted_topic_refuses_its_messages,
    keys::many_keys_keep_their_order_over_a_new_client,
    keys::what_is_held_is_bounded_and_all_of_it_comes,
];

/// Not asked of the emulator, on which the next stream gets late what a closed one left.
const SUCCESSION: Tests = table![
    existing::a_subscription_of_others_is_used_as_it_stands,
    existing::a_subscription_without_order_is_consumed_unordered,
    gone::tokens_of_an_ended_stream_are_stale,
];

/// The tests on each stand-in, by the variable that selects it; with what their names begin with.
const SERVERS: &[(&str, &str, &[Tests])] = &[
    ("WINGMAN_PUBSUB_URL", "", &[TESTS, SUCCESSION]),
    ("WINGMAN_PUBSUB_EMULATOR_URL", "pubsub-emulator::", &[TESTS]),
];

fn main() {
    let mut trials = Vec::new();
    for &(variable, place, tests) in SERVERS {
        let Ok(url) = std::env::var(variable) else { continue };
        // Each on a topic of its own.
        trials.extend(tests.iter().copied().flatten().map(|&(name, run)| {
            let url = url.clone();
            Trial::test(format!("{place}{name}"), move || {
                let runtime = tokio::runtime::Runtime::new()?;
                runtime.block_on(async move { run(Server::new(name, &url).await).await });
                Ok(())
            })
        }));
    }
    libtest_mimic::run(&Arguments::from_args(), trials).exit();
}
