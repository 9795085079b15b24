//! The workflows on memory: what they come to, and what edited contracts make of them.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on panics")]

mod agent_loop;
mod publishing;
mod stage;
