//! A tree with everything that the ledger has about it: the trace, and beside it stamps, effects and
//! plans, each with the execution that they belong to.

use std::collections::HashMap;

use maud::{Markup, html};
use wingman_hub::governance::audit::trace::{EventNode, ExecutionNode, Trace};
use wingman_hub::governance::ledger::{LedgerError, Reader};
use wingman_hub::governance::protocol::id::{EventKey, ExecutionId};
use wingman_hub::governance::protocol::row::{Effect, Plan};

use super::stamp::{self, Stamp};

/// Stamps of one tree that are read; a page tells of no more.
const STAMPS_MAX: usize = 100_000;

/// A tree and what belongs to it.
pub(crate) struct Story {
    pub(crate) trace: Trace,
    stamps: HashMap<ExecutionId, Vec<Stamp>>,
    of_events: HashMap<EventKey, Vec<Stamp>>,
    of_tree: Vec<Stamp>,
    effects: HashMap<ExecutionId, Vec<Effect>>,
    plans: HashMap<ExecutionId, Vec<Plan>>,
    is_cut: bool,
}

impl Story {
    /// Reads what belongs to a trace.
    ///
    /// # Errors
    /// [`LedgerError`] if the ledger cannot be read.
    pub(crate) fn read(reader: &Reader, trace: Trace) -> Result<Self, LedgerError> {
        let rows = reader.stamps(Some(&trace.correlation), 0, STAMPS_MAX)?;
        let mut story = Self {
            is_cut: rows.len() == STAMPS_MAX,
            stamps: HashMap::new(),
            of_events: HashMap::new(),
            of_tree: Vec::new(),
            effects: HashMap::new(),
            plans: HashMap::new(),
            trace,
        };
        for row in rows {
            let execution = row.execution;
            let stamp = Stamp::from(row);
            if let (Some(execution), "asked", Some(plan)) =
                (execution, stamp.kind.as_str(), stamp.plan())
            {
                let plans = reader.plans_by_prefix(&plan.to_string(), 1)?;
                story.plans.entry(execution).or_default().extend(plans);
            }
            match (stamp.event(), execution) {
                (Some(event), _) => story.of_events.entry(event).or_default().push(stamp),
                (None, Some(execution)) => {
                    story.stamps.entry(execution).or_default().push(stamp);
                }
                (None, None) => story.of_tree.push(stamp),
            }
        }
        for effect in reader.effects_in(&story.trace.correlation)? {
            story.effects.entry(effect.key.execution).or_default().push(effect);
        }
        Ok(story)
    }

    /// When it began, by the ledger's clock.
    pub(super) fn began_millis(&self) -> u64 {
        self.trace.span_millis.0
    }

    /// When it ended, as far as it has.
    pub(super) fn ended_millis(&self) -> u64 {
        self.trace.span_millis.1
    }

    /// How long it took.
    pub(super) fn took_millis(&self) -> u64 {
        self.ended_millis().saturating_sub(self.began_millis())
    }

    /// The stamps of an execution, oldest first.
    pub(super) fn stamps_of(&self, execution: &ExecutionNode) -> &[Stamp] {
        self.stamps.get(&execution.id).map_or(&[], Vec::as_slice)
    }

    /// The stamps that name an event.
    pub(super) fn stamps_of_event(&self, event: &EventNode) -> &[Stamp] {
        self.of_events.get(&event.key).map_or(&[], Vec::as_slice)
    }

    /// The tool calls of an execution, in their order.
    pub(super) fn effects_of(&self, execution: &ExecutionNode) -> &[Effect] {
        self.effects.get(&execution.id).map_or(&[], Vec::as_slice)
    }

    /// The plans that an execution put before somebody.
    pub(super) fn plans_of(&self, execution: &ExecutionNode) -> &[Plan] {
        self.plans.get(&execution.id).map_or(&[], Vec::as_slice)
    }

    /// What is about the tree as a whole.
    pub(super) fn remarks(&self) -> Markup {
        html! {
            @if !self.of_tree.is_empty() {
                h3 { "Of the whole tree" }
                (stamp::list(&self.of_tree, self.began_millis()))
            }
            @if self.is_cut {
                p.left-off { "Stamps after the first " (STAMPS_MAX) " are left off: `wingman audit show --correlation` has all." }
            }
        }
    }
}

#[cfg(test)]
impl Story {
    /// A trace alone.
    pub(super) fn of(trace: Trace) -> Self {
        Self {
            trace,
            stamps: HashMap::new(),
            of_events: HashMap::new(),
            of_tree: Vec::new(),
            effects: HashMap::new(),
            plans: HashMap::new(),
            is_cut: false,
        }
    }
}
