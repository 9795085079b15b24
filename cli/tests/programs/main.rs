//! What the `wingman` command makes for other programs, judged by those programs: pages by a browser,
//! manual pages by groff. `integration-tests/test.sh` installs both.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on panics")]

mod browser;
mod check;
mod hostile;
mod large;
mod ledgers;
mod manual;
mod pages;
#[allow(dead_code, reason = "the tests of the command use the rest")]
#[path = "../command/process.rs"]
mod process;
