//! Workflows that demo, examples and tests share.

pub mod agent_loop;
