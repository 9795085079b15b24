//! A process: what it has taken from the broker, what it runs, relays and undoes. Memory only: all
//! of it is gone after a crash.

use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::sync::Arc;

use super::broker::Delivery;
use crate::protocol::id::WorkerId;
use crate::protocol::input::{Delivered, Report, RunEnding, Sent, Started, UndoOutcome};
use crate::protocol::row::{Claim, Effect, EffectKey, OutboxRow};

/// How a process is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Health {
    Up,
    /// Does nothing and knows of nothing, until it goes on as if nothing had been.
    Stopped,
}

#[derive(Debug)]
pub(super) struct Worker {
    pub(super) id: WorkerId,
    pub(super) claim: Option<Claim>,
    pub(super) health: Health,
    pub(super) next_heartbeat: u64,
    pub(super) seen: u64,
    pub(super) lanes: BTreeMap<LaneKey, Lane>,
    pub(super) runs: Vec<Run>,
    pub(super) relay: Option<Batch>,
    pub(super) undoing: VecDeque<Undoing>,
}

impl Worker {
    pub(super) fn new(id: WorkerId) -> Self {
        Self {
            id,
            claim: None,
            health: Health::Up,
            next_heartbeat: 0,
            seen: 0,
            lanes: BTreeMap::new(),
            runs: Vec::new(),
            relay: None,
            undoing: VecDeque::new(),
        }
    }
}

/// Handler, topic and key.
pub(super) type LaneKey = (&'static str, String, String);

/// The bus's lane: a head and what is behind it.
#[derive(Debug, Default)]
pub(super) struct Lane {
    pub(super) queue: VecDeque<Delivery>,
    pub(super) head: Head,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Head {
    Idle { again_at: u64 },
    Running,
    Acking,
}

impl Default for Head {
    fn default() -> Self {
        Self::Idle { again_at: 0 }
    }
}

/// One run of a handler.
#[derive(Debug)]
pub(super) struct Run {
    pub(super) started: Started,
    pub(super) handler: &'static str,
    /// The lane that it holds up; `None` for a woken one.
    pub(super) lane: Option<LaneKey>,
    pub(super) delivered: Option<Arc<Delivered>>,
    pub(super) stage: Stage,
    pub(super) probes: VecDeque<Effect>,
    pub(super) calls: VecDeque<Call>,
    pub(super) call_number: u32,
}

#[derive(Debug, Clone)]
pub(super) struct Call {
    pub(super) tool: &'static str,
    pub(super) arguments: String,
}

#[derive(Debug, Clone)]
pub(super) enum Stage {
    Begin,
    Probe,
    Ask,
    Calling(EffectKey),
    Reporting(EffectKey, Report),
    UndoFirst(VecDeque<Undoing>),
    Ending(RunEnding),
}

/// An undo that was handed out.
#[derive(Debug, Clone)]
pub(super) struct Undoing {
    pub(super) effect: Effect,
    pub(super) outcome: Option<UndoOutcome>,
}

impl Undoing {
    pub(super) fn new(effect: Effect) -> Self {
        Self { effect, outcome: None }
    }
}

/// What a relay has read and what became of it.
#[derive(Debug)]
pub(super) struct Batch {
    pub(super) claim: Claim,
    pub(super) rows: VecDeque<OutboxRow>,
    /// Topics and keys whose last send was not confirmed.
    pub(super) blocked: BTreeSet<(String, Option<String>)>,
    pub(super) reports: Vec<(u64, Sent)>,
}
