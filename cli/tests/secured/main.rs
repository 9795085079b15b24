//! The `wingman` command on brokers over TLS by a CA of their own, with users that may do little:
//! `brokers.sh up redis-secured kafka-secured rabbitmq-secured`. Selected as the adapters' own tests of them
//! are: by their URLs in `WINGMAN_…_SECURED_URL`. With one of them all are asked for.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on panics")]

mod brokers;
mod counter;
#[path = "../command/guide.rs"]
mod guide;
#[allow(
    dead_code,
    unused_imports,
    unused_macros,
    reason = "the tests of plain brokers use the rest"
)]
#[path = "../command/on_broker.rs"]
mod on_broker;
#[allow(dead_code, reason = "the tests of the command use the rest")]
#[path = "../command/process.rs"]
mod process;
mod refused;
mod rights;

use libtest_mimic::{Arguments, Trial};

use self::brokers::Secured;

/// A test of each broker.
type Run = fn(&Secured);

const TESTS: &[(&str, Run)] = &[
    ("a_check_passes_and_leaves_nothing", |it| it.broker().a_check_passes_and_leaves_nothing()),
    ("a_read_only_check_creates_nothing", |it| it.broker().a_read_only_check_creates_nothing()),
    ("its_guide_over_tls_does_what_it_says", |it| {
        guide::run_over_tls(&format!("{}.md", it.page), &it.url())
    }),
    ("a_wrong_password_is_said_and_not_tried_again", refused::a_wrong_password),
    ("an_unknown_authority_is_said_and_not_tried_again", refused::an_unknown_authority),
    ("a_way_without_tls_is_said_and_not_tried_for_ever", refused::a_way_without_tls),
    ("who_may_not_create_is_told_which_right_is_missing", rights::who_may_not_create),
    ("who_lacks_one_right_is_told_which", rights::who_lacks_one),
];

fn main() {
    let is_asked = brokers::ALL.iter().any(|it| std::env::var(it.variable).is_ok());
    let trials = brokers::ALL.iter().filter(|_| is_asked).flat_map(|secured| {
        TESTS.iter().map(move |&(name, run)| {
            let run = move || {
                run(secured);
                Ok(())
            };
            Trial::test(format!("secured::{}::{name}", secured.page), run)
        })
    });
    libtest_mimic::run(&Arguments::from_args(), trials.collect()).exit();
}
