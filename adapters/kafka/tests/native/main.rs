//! What the conformance suite cannot ask for because only Kafka has it. Some run on a cluster that
//! the client simulates; the rest is selected as the suite's Kafka is: by the URL of a broker that
//! runs, in `WINGMAN_KAFKA_URL`, of three nodes in `WINGMAN_KAFKA3_URL`, and of one over TLS with users that
//! may do little in `WINGMAN_KAFKA_SECURED_URL`.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on panics")]

mod cluster;
mod counted;
mod cut;
mod doorkeeper;
mod existing;
mod foreign;
mod groups;
mod letters;
mod members;
mod poison;
mod process;
mod refused;
mod secured;
mod server;
mod shared;
mod simulated;
mod starts;
mod window;

use std::pin::Pin;
use std::sync::{PoisonError, RwLock};
use std::time::Duration;

use libtest_mimic::{Arguments, Failed, Trial};

use crate::server::Server;

type Run = fn(Server) -> Pin<Box<dyn Future<Output = ()>>>;
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

const TESTS: &[(&str, Run)] = table![
    counted::a_delivery_that_ends_its_process_is_counted,
    counted::what_is_merely_beside_it_is_not,
    counted::what_a_member_drops_unsettled_is_counted_and_what_it_releases_is_not,
    counted::a_partition_that_moves_counts_nothing,
    cut::a_producer_that_is_cut_goes_on,
    cut::a_member_that_is_cut_goes_on,
    cut::who_is_let_in_later_is_not_refused,
    cut::an_observer_that_is_cut_asks_again,
    cut::many_publishers_knock_once,
    cut::a_member_goes_on_while_it_is_asked,
    cut::closing_waits_for_all_members_at_once,
    existing::a_topic_and_group_of_others_are_used_as_they_stand,
    existing::a_team_s_topic_that_is_not_there_is_not_made,
    existing::where_a_group_at_work_begins_is_not_ours_to_say,
    existing::a_group_of_others_is_not_deleted,
    foreign::records_of_other_programs_are_read,
    foreign::java_clients_and_we_agree_on_a_key_s_partition,
    groups::what_is_committed_never_passes_what_is_not_settled,
    groups::a_partition_that_appears_later_is_read_from_its_beginning,
    groups::a_topic_that_is_gone_ends_the_subscription,
    groups::a_topic_that_is_made_anew_is_read_from_its_beginning,
    groups::a_group_with_members_is_not_deleted,
    letters::only_the_topic_limits_a_dead_letter,
    members::a_static_member_that_restarts_moves_nothing,
    members::a_member_without_a_name_moves_its_partitions,
    members::an_instance_name_has_one_process,
    members::a_bus_whose_name_is_taken_ends_and_says_so,
    poison::what_ends_its_process_again_and_again_is_a_dead_letter,
    refused::wrong_credentials_are_permanent,
    refused::right_credentials_are_not,
    refused::a_publisher_without_its_topic_says_unroutable,
    shared::a_partition_that_goes_waits_for_what_runs,
    shared::what_is_not_settled_in_time_is_stale_and_comes_to_the_new_member,
    starts::a_new_group_is_committed_for_each_partition,
    starts::a_partition_that_appears_in_use_is_read_from_its_beginning,
    window::a_key_that_waits_holds_up_the_rest_only_when_the_window_is_full,
    window::a_member_that_does_not_receive_stays_in_its_group,
];

const SECURED: &[(&str, Run)] = table![
    secured::what_the_readme_asks_for_is_enough,
    secured::who_may_not_create_works_on_what_is_there,
    secured::who_may_not_create_is_told_what_is_missing,
    secured::what_is_not_this_user_s_is_refused,
    secured::wrong_credentials_are_said_soon,
    secured::a_server_that_is_not_trusted_is_refused_with_its_reason,
    secured::a_certificate_of_ours_is_shown,
    secured::a_port_of_the_other_way_is_said,
];

/// They restart the broker, or count what it tells.
const SECURED_ALONE: &[(&str, Run)] = table![
    secured::credentials_that_end_stop_whoever_uses_them,
    secured::a_broker_that_restarts_refuses_nobody,
];

/// On three nodes, one after the other: they end nodes.
const CLUSTER: &[(&str, Run)] = table![
    cluster::a_leader_that_is_killed_takes_nothing_confirmed_along,
    cluster::too_few_replicas_confirm_nothing_until_they_are_back,
];

const ALONE: &[(&str, RunAlone)] = &[
    ("simulated::a_confirm_that_does_not_come_is_unknown", || {
        Box::pin(simulated::a_confirm_that_does_not_come_is_unknown())
    }),
    ("simulated::what_a_broker_answers_has_a_kind", || {
        Box::pin(simulated::what_a_broker_answers_has_a_kind())
    }),
    ("simulated::a_cluster_that_goes_away_is_told_and_comes_back", || {
        Box::pin(simulated::a_cluster_that_goes_away_is_told_and_comes_back())
    }),
    ("simulated::closing_without_a_cluster_is_bounded", || {
        Box::pin(simulated::closing_without_a_cluster_is_bounded())
    }),
    ("simulated::nothing_is_sent_before_a_broker_answers", || {
        Box::pin(simulated::nothing_is_sent_before_a_broker_answers())
    }),
    ("simulated::work_goes_on_soon_after_a_cluster_is_back", || {
        Box::pin(simulated::work_goes_on_soon_after_a_cluster_is_back())
    }),
];

fn main() {
    on_runtime(process::play_if_asked()).unwrap();
    let arguments = Arguments::from_args();
    let alone =
        |&(name, run): &(&'static str, RunAlone)| Trial::test(name, move || on_runtime(run()));
    let mut trials: Vec<_> = ALONE.iter().map(alone).collect();
    static DISTURBED: RwLock<()> = RwLock::new(());
    for (variable, begin, tests, alone) in [
        ("WINGMAN_KAFKA_URL", "native", TESTS, false),
        ("WINGMAN_KAFKA3_URL", "native", CLUSTER, true),
        ("WINGMAN_KAFKA_SECURED_URL", "secured", SECURED, false),
        ("WINGMAN_KAFKA_SECURED_URL", "secured", SECURED_ALONE, true),
    ] {
        let Ok(url) = std::env::var(variable) else { continue };
        for &(name, run) in tests {
            let url = url.clone();
            let run = move || {
                on_runtime(async move { run(Server::with_topic(begin, name, &url).await).await })
            };
            trials.push(Trial::test(name, move || {
                if alone {
                    let _alone = DISTURBED.write().unwrap_or_else(PoisonError::into_inner);
                    run()
                } else {
                    let _shared = DISTURBED.read().unwrap_or_else(PoisonError::into_inner);
                    run()
                }
            }));
        }
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
