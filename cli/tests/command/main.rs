//! The `wingman` command as people and programs run it: the real binary, in folders of its own.

mod audit;
mod control;
mod demo;
mod interactive;
mod messages;
mod process;
mod rollback;
mod tamper;
mod trace;
