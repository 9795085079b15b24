//! What the conformance suite cannot ask for because only RabbitMQ has it. Selected as the suite's
//! RabbitMQ is: by the URL of a server that `brokers.sh` started, in `WINGMAN_RABBITMQ_URL`, and of one over
//! TLS with users that may do little, in `WINGMAN_RABBITMQ_SECURED_URL`.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on panics")]

mod channel;
mod existing;
mod foreign;
mod order;
mod refused;
mod secured;
mod server;

use std::pin::Pin;
use std::sync::{PoisonError, RwLock};
use std::time::Duration;

use libtest_mimic::{Arguments, Failed, Trial};

use crate::server::Server;

type Run = fn(Server) -> Pin<Box<dyn Future<Output = ()> + Send>>;

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

const TESTS: &[(&str, Run)] = table![
    channel::a_queue_that_is_deleted_is_made_again,
    channel::a_queue_that_is_deleted_is_named_as_missing,
    channel::what_was_only_sent_ahead_is_no_attempt,
    channel::the_prefetch_is_a_bound,
    existing::a_queue_of_others_is_used_as_it_stands,
    existing::a_queue_that_is_not_there_is_not_made,
    foreign::messages_of_other_programs_are_read,
    foreign::a_found_queue_is_used_as_it_stands,
    foreign::a_found_exchange_is_used_as_it_stands,
    order::a_second_subscriber_of_a_queue_that_cannot_share_is_refused,
    order::subscribers_of_a_declared_single_active_consumer_stand_by,
    order::subscribers_that_join_a_new_group_at_once_all_get_in,
    order::unordered_subscribers_share,
    refused::wrong_credentials_and_virtual_hosts_are_permanent,
    refused::an_exchange_that_is_gone_is_made_again_or_named,
    refused::headers_that_fit_no_frame_fail_alone,
    refused::a_full_queue_is_said,
];

/// These disturb whatever else uses the server.
const ALONE: &[(&str, Run)] = table![refused::an_alarm_is_said_at_once_and_acks_go_on];

const SECURED: &[(&str, Run)] = table![
    secured::what_the_readme_asks_for_is_enough,
    secured::who_may_not_create_works_on_what_is_there,
    secured::who_may_not_create_is_told_what_is_missing,
    secured::a_server_that_is_not_trusted_is_refused,
    secured::a_certificate_of_ours_is_shown,
    secured::a_port_of_the_other_way_is_said,
    secured::credentials_that_end_stop_whoever_uses_them,
];

fn main() {
    static DISTURBED: RwLock<()> = RwLock::new(());
    let mut trials = Vec::new();
    for (variable, begin, tests, alone) in [
        ("WINGMAN_RABBITMQ_URL", "native", TESTS, false),
        ("WINGMAN_RABBITMQ_URL", "native", ALONE, true),
        ("WINGMAN_RABBITMQ_SECURED_URL", "secured", SECURED, false),
    ] {
        let Ok(url) = std::env::var(variable) else { continue };
        for &(name, run) in tests {
            let url = url.clone();
            trials.push(Trial::test(name, move || {
                if alone {
                    let _alone = DISTURBED.write().unwrap_or_else(PoisonError::into_inner);
                    on_runtime((begin, name), &url, run)
                } else {
                    let _shared = DISTURBED.read().unwrap_or_else(PoisonError::into_inner);
                    on_runtime((begin, name), &url, run)
                }
            }));
        }
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
