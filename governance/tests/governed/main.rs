//! The governor around a bus on memory: what must hold whatever comes in and whatever breaks.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on panics")]

mod account;
mod bad_input;
mod broker;
mod control;
mod halted_tool;
mod handshake;
mod late_consumer;
mod ledger_loss;
mod letter;
mod observe;
mod people;
mod processes;
mod promises;
mod propose;
mod quarantine;
mod queue;
mod resolve;
mod slow_broker;
mod start;
mod world;
