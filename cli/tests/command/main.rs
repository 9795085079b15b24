//! The `wingman` command as people and programs run it: the real binary, in folders of its own.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on panics")]

mod account;
mod audit;
mod check;
mod contracts;
mod control;
mod demo;
mod interactive;
mod messages;
mod process;
mod progress;
mod propose;
mod publishing;
mod quarantine;
mod rollback;
mod shell;
mod tamper;
mod trace;
