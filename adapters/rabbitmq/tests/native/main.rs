//! What the conformance suite cannot ask for because only RabbitMQ has it. Selected as the suite's
//! RabbitMQ is: by the URL of a server that `brokers.sh` started, in `WINGMAN_RABBITMQ_URL`.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on panics")]

mod channel;
mod existing;
mod foreign;
mod order;
mod refused;
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
    order::unordered_subscribers_share,
    refused::wrong_credentials_and_virtual_hosts_are_permanent,
    refused::an_exchange_that_is_gone_is_made_again_or_named,
    refused::headers_that_fit_no_frame_fail_alone,
    refused::a_full_queue_is_said,
];

/// These disturb whatever else uses the server.
const ALONE: &[(&str, Run)] = table![refused::an_alarm_is_said_at_once_and_acks_go_on];

fn main() {
    let arguments = Arguments::from_args();
    let Ok(url) = std::env::var("WINGMAN_RABBITMQ_URL") else {
        libtest_mimic::run(&arguments, Vec::new()).exit();
    };
    static DISTURBED: RwLock<()> = RwLock::new(());
    let mut trials = Vec::new();
    for (tests, alone) in [(TESTS, false), (ALONE, true)] {
        for &(name, run) in tests {
            let url = url.clone();
            trials.push(Trial::test(name, move || {
                if alone {
                    let _alone = DISTURBED.write().unwrap_or_else(PoisonError::into_inner);
                    on_runtime(name, &url, run)
                } else {
                    let _shared = DISTURBED.read().unwrap_or_else(PoisonError::into_inner);
                    on_runtime(name, &url, run)
                }
            }));
        }
    }
    libtest_mimic::run(&arguments, trials).exit();
}

fn on_runtime(name: &'static str, url: &str, run: Run) -> Result<(), Failed> {
    let runtime =
        tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build()?;
    runtime.block_on(async move {
        let server = Server::new(name, url).await;
        tokio::time::timeout(TEST_MAX, run(server))
            .await
            .map_err(|_| format!("took longer than {TEST_MAX:?}").into())
    })
}
