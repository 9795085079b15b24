//! The pure heart: one input, one step, changes to rows and stamps. No async, no clock, no SQL.
//!
//! The rules R1 to R13 of `docs/guarantees.md` are kept here and nowhere else; the simulation in
//! `protocol/simulation` drives [`step`] against an oracle, and the ledgers run it inside one
//! write transaction.

mod approve;
mod conclude;
mod control;
mod evidence;
pub mod id;
pub mod input;
mod judge;
mod lane;
mod observe;
mod order;
mod outcome;
mod output;
mod park;
mod record;
mod relay;
mod resolve;
mod review;
pub mod row;
pub mod settings;
#[cfg(test)]
mod simulation;
mod state;
mod tool;
mod undo;
mod wake;
mod worker;

pub use approve::YES;
pub use review::OPERATOR;
pub use state::{Result, Rows, State};

use input::{Input, Reply};

/// Runs one input against the state. An error is the ledger's: the transaction is given up, and
/// nothing of the input has happened.
pub fn step(state: &mut State<'_>, input: Input) -> Result<Reply> {
    match input {
        Input::Join { worker, handlers } => worker::join(state, worker, handlers),
        Input::Heartbeat { claim, seen } => worker::heartbeat(state, claim, seen),
        Input::Bury { worker } => worker::bury(state, worker),
        Input::Judge(arrival) => judge::judge(state, &arrival).map(Reply::Judged),
        Input::Conclude(conclude) => conclude::conclude(state, conclude).map(Reply::Concluded),
        Input::Wake { claim, who, max } => wake::wake(state, claim, &who, max).map(Reply::Woken),
        Input::Intend(intend) => tool::intend(state, intend).map(Reply::Intended),
        Input::Report { run, effect, report } => tool::report(state, run, effect, report),
        Input::Publish { event } => record::publish(state, &event).map(Reply::Published),
        Input::Relay { claim, max, resting } => {
            relay::relay(state, claim, max, &resting).map(Reply::Relaying)
        }
        Input::Relayed { claim, sequence, sent } => relay::relayed(state, claim, sequence, sent),
        Input::Decide { plan, by, answer, signature } => {
            approve::decide(state, plan, by, answer, signature).map(Reply::Decided)
        }
        Input::Review { letter, act, by, signature } => {
            review::review(state, letter, act, by, signature).map(Reply::Reviewed)
        }
        Input::Resolve { effect, resolution, by, signature } => {
            resolve::resolve(state, effect, resolution, by, signature).map(Reply::Resolved)
        }
        Input::Command { target, halt, by } => control::command(state, target, halt, by),
        Input::Fence { tree } => undo::fence(state, &tree, None).map(|()| Reply::Done),
        Input::Undo { claim, tools, max } => {
            undo::claim(state, claim, &tools, max).map(Reply::Undoing)
        }
        Input::Undone { claim, effect, outcome } => undo::done(state, claim, effect, outcome),
    }
}
