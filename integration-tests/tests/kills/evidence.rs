//! What is joined: gathered from the recorder's file, the ledger and the broker, each by itself.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::Path;

use serde_json::Value;
use wingman_core::event::CloudEvent;
use wingman_governance::ledger::{LedgerError, Reader, verify};
use wingman_governance::protocol::row::FenceState;
use wingman_tests::kills::workflow::HANDLERS;

use super::brokers::{Broker, Sent};

/// Stamps read at once.
const PAGE: usize = 1_000;
/// The kinds of stamps that say an execution's outcome.
const OUTCOMES: [&str; 4] = ["finished", "refused", "expired", "dead_lettered"];

#[derive(Debug, Clone, Default)]
pub(super) struct Evidence {
    pub(super) works: Vec<WorkSent>,
    /// What no governor published.
    pub(super) foreign: Vec<Sent>,
    pub(super) notes: Vec<Note>,
    pub(super) executions: Vec<Execution>,
    pub(super) outcome_stamps: BTreeMap<String, u32>,
    /// Attempts whose worker was lost.
    pub(super) abandoned: usize,
    pub(super) effects: Vec<Effect>,
    pub(super) outputs: Vec<Output>,
    /// Trees whose undoing has ended well.
    pub(super) closed_fences: BTreeSet<String>,
    /// What an audit of the ledger finds.
    pub(super) unsound: Vec<String>,
    /// Every event on the broker.
    pub(super) on_broker: Vec<Sent>,
    /// Processes that joined the ledger.
    pub(super) joined: usize,
}

/// A work that some producer was told is accepted.
#[derive(Debug, Clone)]
pub(super) struct WorkSent {
    pub(super) id: String,
    pub(super) key: String,
    pub(super) declined: bool,
    /// How often a producer was told that it had not been recorded before.
    pub(super) promises: usize,
}

#[derive(Debug, Clone)]
pub(super) struct Note {
    pub(super) verb: Verb,
    pub(super) tool: String,
    pub(super) key: String,
    pub(super) work: String,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Verb {
    Do,
    Undo,
}

#[derive(Debug, Clone)]
pub(super) struct Execution {
    pub(super) id: String,
    pub(super) handler: String,
    pub(super) event: String,
    pub(super) tree: String,
    pub(super) ended: bool,
}

#[derive(Debug, Clone)]
pub(super) struct Effect {
    pub(super) key: String,
    pub(super) tool: String,
    pub(super) state: String,
}

#[derive(Debug, Clone)]
pub(super) struct Output {
    pub(super) event: String,
    /// What the broker has if it has left.
    pub(super) sent: Sent,
    pub(super) state: String,
    /// The handlers that consume its type.
    pub(super) consumers: Vec<String>,
}

impl Evidence {
    /// Reads everything. The works and what is foreign are the caller's to add.
    pub(super) fn gather(ledger: &str, notes: &Path, broker: &dyn Broker, namespace: &str) -> Self {
        let mut evidence = Self { notes: read_notes(notes), ..Self::default() };
        evidence.read_ledger(ledger).expect("the ledger can be read");
        let found = verify(ledger, None).expect("the ledger can be verified");
        evidence.unsound = found.problems.iter().map(ToString::to_string).collect();
        evidence.on_broker = broker.events(namespace);
        evidence
    }

    /// How often the broker got what it had.
    pub(super) fn published_again(&self) -> usize {
        let different: BTreeSet<_> = self.on_broker.iter().collect();
        self.on_broker.len() - different.len()
    }

    /// How often something was undone that was undone before.
    pub(super) fn undone_again(&self) -> usize {
        let undos = self.notes.iter().filter(|it| it.verb == Verb::Undo);
        let different: BTreeSet<_> = undos.clone().map(|it| &it.key).collect();
        undos.count() - different.len()
    }

    fn read_ledger(&mut self, url: &str) -> Result<(), LedgerError> {
        let reader = Reader::open(url)?;
        for tree in reader.trees(PAGE)? {
            for it in reader.executions_in(&tree)? {
                self.executions.push(Execution {
                    id: it.id.to_string(),
                    event: it.event.to_string(),
                    ended: it.phase.is_outcome(),
                    handler: it.who.handler,
                    tree: tree.to_string(),
                });
            }
            for it in reader.effects_in(&tree)? {
                // What the tool was given as its idempotency key.
                let key = format!("{}-{}", it.key.execution, it.key.index);
                let state = named(serde_json::to_value(&it.state), "/state");
                self.effects.push(Effect { key, tool: it.tool, state });
            }
            for it in reader.outbox_in(&tree)? {
                let event = CloudEvent::from_json(&it.message).expect("an outbox row is an event");
                let consumes = |(_, types): &&(&str, &[&str])| types.contains(&event.ty());
                self.outputs.push(Output {
                    event: it.event.to_string(),
                    sent: Sent::of(&event),
                    state: named(serde_json::to_value(it.state), ""),
                    consumers: HANDLERS.iter().filter(consumes).map(|it| it.0.to_owned()).collect(),
                });
            }
        }
        let fences = reader.fences()?.into_iter();
        let closed = fences.filter(|it| it.state == FenceState::Closed);
        self.closed_fences = closed.map(|it| it.tree.to_string()).collect();
        self.count_stamps(&reader)
    }

    fn count_stamps(&mut self, reader: &Reader) -> Result<(), LedgerError> {
        for from in (0..reader.size()?).step_by(PAGE) {
            for stamp in reader.stamps(None, from, PAGE)? {
                self.abandoned += usize::from(stamp.kind == "abandoned");
                self.joined += usize::from(stamp.kind == "worker_joined");
                if let Some(execution) = stamp.execution
                    && OUTCOMES.contains(&stamp.kind.as_str())
                {
                    *self.outcome_stamps.entry(execution.to_string()).or_default() += 1;
                }
            }
        }
        Ok(())
    }
}

/// The word that a serialised state is named by.
fn named(value: serde_json::Result<Value>, pointer: &str) -> String {
    let value = value.expect("states serialise");
    value.pointer(pointer).and_then(Value::as_str).expect("states have names").to_owned()
}

fn read_notes(path: &Path) -> Vec<Note> {
    let text = fs::read_to_string(path).unwrap_or_default();
    let note = |line: &str| match *line.split(' ').collect::<Vec<_>>() {
        [verb, tool, key, work] => Note {
            verb: if verb == "do" { Verb::Do } else { Verb::Undo },
            tool: tool.to_owned(),
            key: key.to_owned(),
            work: work.to_owned(),
        },
        _ => panic!("the recorder noted {line:?}"),
    };
    text.lines().map(note).collect()
}
