//! Every case runs on at least one backend of each broker, by the committed matrix; what runs on none is
//! named here with the reason. So nothing is absent because a stand-in lacks it.

use std::collections::BTreeSet;

use libtest_mimic::{Failed, Trial};
use wingman_conformance::Mode;
use wingman_tests::backends;

use crate::matrix;

/// Cases that run on no backend of these brokers, because the broker does not offer what they need.
struct Nowhere {
    why: &'static str,
    brokers: &'static [&'static str],
    cases: &'static [&'static str],
}

const ALL: &[&str] = &["kafka", "memory", "pubsub", "rabbitmq", "redis", "sns-sqs"];

const NOWHERE: &[Nowhere] = &[
    Nowhere {
        why: "they need a governor, and run as governed::",
        brokers: ALL,
        cases: &[
            "bus::a_duplicate_is_not_run_again",
            "bus::a_retry_beyond_the_hold_waits_in_the_ledger",
            "bus::an_unrecorded_event_is_not_handled_and_shown",
        ],
    },
    Nowhere {
        why: "a governor keeps what is given up in its ledger; they run as bus::",
        brokers: ALL,
        cases: &[
            "governed::a_letter_too_large_says_less_and_keeps_its_bytes",
            "governed::a_refused_letter_ends_the_subscription_and_stays",
        ],
    },
    Nowhere {
        why: "a cut connection ends nothing",
        brokers: &["kafka", "pubsub", "sns-sqs"],
        cases: &[
            "bus::a_cut_in_mid_run_loses_nothing_and_its_outcome_counts",
            "governed::a_cut_in_mid_run_loses_nothing_and_its_outcome_counts",
            "transport::a_cut_makes_tokens_stale_and_brings_work_back",
        ],
    },
    Nowhere {
        why: "a fake keeps nothing over a restart",
        brokers: &["pubsub"],
        cases: &[
            "bus::a_restart_under_load_loses_nothing",
            "governed::a_restart_under_load_loses_nothing",
            "transport::a_restart_keeps_what_was_confirmed",
            "transport::a_restart_makes_tokens_stale_and_brings_work_back",
            "transport::publishing_through_restarts_loses_nothing",
        ],
    },
    Nowhere {
        why: "a delivery is held as long as its subscriber lives",
        brokers: &["kafka", "pubsub", "rabbitmq"],
        cases: &[
            "transport::an_extended_lease_keeps_its_delivery",
            "transport::an_unsettled_delivery_comes_back_after_its_lease",
        ],
    },
    Nowhere {
        why: "a group gets what is published after it was made",
        brokers: &["pubsub", "rabbitmq", "sns-sqs"],
        cases: &["transport::a_new_group_begins_with_the_earliest"],
    },
    Nowhere {
        why: "a group gets what is published after it was made, and no ledger holds it back; it runs as governed::",
        brokers: &["pubsub", "rabbitmq", "sns-sqs"],
        cases: &["bus::an_output_waits_for_its_consumer"],
    },
    Nowhere {
        why: "the broker keeps nothing for those who come later, and does not say whether somebody hears",
        brokers: &["pubsub"],
        cases: &["governed::an_output_waits_for_its_consumer"],
    },
    Nowhere {
        why: "the broker does not say whether somebody hears",
        brokers: &["kafka", "pubsub"],
        cases: &["transport::a_publish_that_nobody_hears_says_so"],
    },
    Nowhere {
        why: "the broker does not tell the lag",
        brokers: &["pubsub", "rabbitmq"],
        cases: &["transport::lag_counts_what_was_not_handed_over"],
    },
];

pub(crate) fn trial() -> Trial {
    Trial::test("matrix::every_case_runs_somewhere_for_each_broker", || {
        let columns = matrix::committed()?;
        let of_brokers: BTreeSet<_> = backends::BROKERS.iter().flat_map(|it| it.1).collect();
        if !columns.keys().map(String::as_str).eq(of_brokers.into_iter().copied()) {
            return Err("backends::BROKERS and matrix.txt have not the same backends".into());
        }
        for (broker, of_it) in backends::BROKERS {
            agrees(broker, &nowhere(&columns, of_it))?;
        }
        Ok(())
    })
}

/// The cases that run on none of these backends.
fn nowhere<'a>(columns: &'a matrix::Columns, backends: &[&str]) -> BTreeSet<&'a str> {
    let columns: Vec<_> = backends.iter().filter_map(|name| columns.get(*name)).collect();
    let runs = |case: &String| {
        columns.iter().any(|column| column.get(case) == Some(&Mode::Run.to_string()))
    };
    let cases = columns.iter().flat_map(|column| column.keys());
    cases.filter(|case| !runs(case)).map(String::as_str).collect()
}

fn agrees(broker: &str, found: &BTreeSet<&str>) -> Result<(), Failed> {
    let of_broker = NOWHERE.iter().filter(|it| it.brokers.contains(&broker));
    let named: BTreeSet<_> = of_broker.clone().flat_map(|it| it.cases).copied().collect();
    if let Some(case) = found.difference(&named).next() {
        return Err(format!("{case} runs on no backend of {broker}, and no reason is named").into());
    }
    let reason =
        |case: &str| of_broker.clone().find(|it| it.cases.contains(&case)).map(|it| it.why);
    match named.difference(found).next() {
        Some(case) => {
            let why = reason(case).unwrap_or_default();
            Err(format!("{case} runs on {broker}, although it is said that {why}").into())
        }
        None => Ok(()),
    }
}
