//! What only a service can show. Selected by `WINGMAN_PUBSUB_URL`, the URL of a stand-in that runs; without
//! it there is nothing to run here.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on panics")]

mod existing;
mod foreign;
mod gone;
mod keys;
mod server;

use libtest_mimic::{Arguments, Trial};

use crate::server::Server;

/// Trials of the functions of a module, each on a topic of its own.
macro_rules! trials {
    ($url:expr, $($module:ident :: $name:ident),+ $(,)?) => {
        vec![$({
            let url = $url.clone();
            let name = concat!(stringify!($module), "::", stringify!($name));
            Trial::test(name, move || {
                let runtime = tokio::runtime::Runtime::new().unwrap();
                runtime.block_on(async move { $module::$name(Server::new(name, &url).await).await });
                Ok(())
            })
        }),+]
    };
}

fn main() {
    let arguments = Arguments::from_args();
    let trials = match std::env::var("WINGMAN_PUBSUB_URL") {
        Err(_) => Vec::new(),
        Ok(url) => trials![
            url,
            existing::a_subscription_of_others_is_used_as_it_stands,
            existing::a_subscription_without_order_is_consumed_unordered,
            existing::a_subscription_that_is_not_there_is_not_made,
            foreign::messages_of_other_programs_are_read_whole,
            foreign::a_subscription_of_others_is_no_group_and_is_left_alone,
            foreign::names_that_are_no_ids_work,
            gone::a_deleted_subscription_is_named_and_a_new_one_is_read,
            gone::a_deleted_topic_refuses_its_messages,
            gone::tokens_of_an_ended_stream_are_stale,
            keys::many_keys_keep_their_order_over_a_new_client,
            keys::what_is_held_is_bounded_and_all_of_it_comes,
        ],
    };
    libtest_mimic::run(&arguments, trials).exit();
}
