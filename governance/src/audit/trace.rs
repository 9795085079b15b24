//! A tree as the ledger tells it: events, the executions they led to, and what those did.

use std::collections::HashMap;

use serde::Serialize;

use crate::ledger::{LedgerError, Reader, StampRow};
use crate::protocol::id::{EventKey, ExecutionId};
use crate::protocol::row::{
    Artifact, AttemptFailure, Effect, EffectState, Evidence, Execution, Fence, FenceState,
    OutboxRow, OutboxState, Phase, Recorded, Said, WouldRefuse,
};

/// Stamps of one tree that are read for its waits; those after them tell of none.
const STAMPS_MAX: usize = 100_000;

/// One tree, from its root events down.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Trace {
    /// The correlation.
    pub correlation: String,
    /// Events that no execution of the tree emitted.
    pub roots: Vec<EventNode>,
    /// Whether and how far the tree is being undone.
    pub fence: Option<FenceState>,
    /// First and last moment, in milliseconds.
    pub span_millis: (u64, u64),
}

/// An event and what followed from it.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct EventNode {
    /// Its key in the ledger.
    pub key: EventKey,
    /// Its type.
    pub event_type: String,
    /// Its data, where the ledger holds it (outputs; `None` for what came from outside).
    pub data: Option<serde_json::Value>,
    /// Where its publication stands; `None` if it came from outside.
    pub outbox: Option<OutboxState>,
    /// The executions of its consumers.
    pub executions: Vec<ExecutionNode>,
}

/// An execution, what it did and what it emitted.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct ExecutionNode {
    /// Its identity.
    pub id: ExecutionId,
    /// Who.
    pub handler: String,
    /// Where it stands.
    pub phase: Phase,
    /// Why it was refused, if it was.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub refusal: Option<String>,
    /// What it says of its output, where its contract asks for it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub coherence: Option<Said>,
    /// The document that it handed in, where its event asks for one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub artifact: Option<ArtifactNode>,
    /// What the gates would have refused, had they not only observed.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub would_refuse: Vec<WouldRefuse>,
    /// How often it was given to the handler again by a person.
    pub replay: u32,
    /// Attempts started; a replay counts on from what it replays.
    pub attempts: u32,
    /// Attempts that failed, oldest first.
    pub failures: Vec<AttemptFailure>,
    /// Times that it spent parked, oldest first, as its stamps tell.
    pub waits: Vec<Wait>,
    /// The stamp of its outcome.
    pub stamp: Option<u64>,
    /// Tool calls.
    pub effects: Vec<EffectNode>,
    /// Events that it emitted.
    pub emitted: Vec<EventNode>,
}

/// A time that an execution spent parked.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Wait {
    /// For what, in the word of the stamp: `retry`, `approval`, `order` or `behind`.
    pub reason: String,
    /// How long, in milliseconds; 0 while it goes on.
    pub millis: u64,
}

/// A document that an execution handed in.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct ArtifactNode {
    /// Its name in the contract of the event.
    pub name: String,
    /// What it says.
    pub document: serde_json::Value,
}

/// A tool call.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct EffectNode {
    /// The tool.
    pub tool: String,
    /// What it returned.
    pub result: Option<serde_json::Value>,
    /// Where it stands.
    pub state: EffectState,
}

impl Trace {
    /// Reads a tree; one without any event has no roots.
    ///
    /// # Errors
    /// [`LedgerError`] if the ledger cannot be read.
    pub fn read(reader: &Reader, correlation: &str) -> Result<Self, LedgerError> {
        let mut rows = Rows::read(reader, correlation)?;
        let span_millis = rows.span();
        let roots = rows.take_events(None);
        let fence = rows.fence.map(|fence| fence.state);
        Ok(Self { correlation: correlation.to_owned(), roots, fence, span_millis })
    }

    /// Every event of the tree, root first, depth first.
    pub fn events(&self) -> Vec<&EventNode> {
        let mut found = Vec::new();
        self.roots.iter().for_each(|root| collect(root, &mut found));
        found
    }

    /// Every execution of the tree, in the same order.
    pub fn executions(&self) -> Vec<&ExecutionNode> {
        self.events().into_iter().flat_map(|event| &event.executions).collect()
    }
}

fn collect<'a>(event: &'a EventNode, found: &mut Vec<&'a EventNode>) {
    found.push(event);
    let emitted = event.executions.iter().flat_map(|execution| &execution.emitted);
    emitted.for_each(|event| collect(event, found));
}

struct Rows {
    recorded: HashMap<Option<ExecutionId>, Vec<Recorded>>,
    executions: HashMap<EventKey, Vec<Execution>>,
    effects: HashMap<ExecutionId, Vec<Effect>>,
    evidence: HashMap<ExecutionId, Evidence>,
    waits: HashMap<ExecutionId, Vec<Wait>>,
    outbox: HashMap<EventKey, OutboxRow>,
    fence: Option<Fence>,
}

impl Rows {
    fn read(reader: &Reader, tree: &str) -> Result<Self, LedgerError> {
        let mut rows = Self {
            recorded: HashMap::new(),
            executions: HashMap::new(),
            effects: HashMap::new(),
            evidence: HashMap::new(),
            waits: waits(reader, tree)?,
            outbox: HashMap::new(),
            fence: reader.fence(tree)?,
        };
        for row in reader.recorded_in(tree)? {
            rows.recorded.entry(row.cause).or_default().push(row);
        }
        for row in reader.executions_in(tree)? {
            rows.executions.entry(row.event).or_default().push(row);
        }
        for row in reader.effects_in(tree)? {
            rows.effects.entry(row.key.execution).or_default().push(row);
        }
        for row in reader.evidence_in(tree)? {
            rows.evidence.insert(row.execution, row);
        }
        for row in reader.outbox_in(tree)? {
            rows.outbox.insert(row.event, row);
        }
        Ok(rows)
    }

    fn span(&self) -> (u64, u64) {
        let recorded = self.recorded.values().flatten().map(|it| it.at_millis);
        let ended = self.executions.values().flatten().map(|it| it.at_millis);
        let undone = self.effects.values().flatten().map(|it| it.at_millis);
        let all: Vec<u64> = recorded.chain(ended).chain(undone).collect();
        (all.iter().min().copied().unwrap_or(0), all.iter().max().copied().unwrap_or(0))
    }

    fn take_events(&mut self, cause: Option<ExecutionId>) -> Vec<EventNode> {
        let recorded = self.recorded.remove(&cause).unwrap_or_default();
        recorded.into_iter().map(|row| self.event(row)).collect()
    }

    fn event(&mut self, row: Recorded) -> EventNode {
        let outbox = self.outbox.remove(&row.key);
        let data = outbox.as_ref().and_then(|outbox| {
            let event = wingman_core::event::CloudEvent::from_json(&outbox.message).ok()?;
            serde_json::from_slice(event.data.as_deref()?).ok()
        });
        let executions = self.executions.remove(&row.key).unwrap_or_default();
        EventNode {
            key: row.key,
            event_type: row.event_type,
            data,
            outbox: outbox.map(|outbox| outbox.state),
            executions: executions.into_iter().map(|row| self.execution(row)).collect(),
        }
    }

    fn execution(&mut self, row: Execution) -> ExecutionNode {
        let effects = self.effects.remove(&row.id).unwrap_or_default();
        let evidence = self.evidence.remove(&row.id);
        let (coherence, artifact) = evidence.map_or((None, None), |it| (it.coherence, it.artifact));
        ExecutionNode {
            id: row.id,
            handler: row.who.handler,
            phase: row.phase,
            refusal: row.refusal,
            coherence,
            artifact: artifact.map(ArtifactNode::from),
            would_refuse: row.would_refuse,
            replay: row.replay,
            attempts: row.attempts,
            stamp: row.stamp,
            failures: row.failures,
            waits: self.waits.remove(&row.id).unwrap_or_default(),
            effects: effects.into_iter().map(EffectNode::from).collect(),
            emitted: self.take_events(Some(row.id)),
        }
    }
}

/// From the stamp of each park to the next stamp of its execution.
fn waits(reader: &Reader, tree: &str) -> Result<HashMap<ExecutionId, Vec<Wait>>, LedgerError> {
    let mut waits: HashMap<ExecutionId, Vec<Wait>> = HashMap::new();
    let mut since: HashMap<ExecutionId, u64> = HashMap::new();
    for stamp in reader.stamps(Some(tree), 0, STAMPS_MAX)? {
        let Some(execution) = stamp.execution else { continue };
        if let Some(start) = since.remove(&execution)
            && let Some(wait) = waits.entry(execution).or_default().last_mut()
        {
            wait.millis = stamp.at_millis.saturating_sub(start);
        }
        if let Some(reason) = parked_for(&stamp) {
            since.insert(execution, stamp.at_millis);
            waits.entry(execution).or_default().push(Wait { reason, millis: 0 });
        }
    }
    Ok(waits)
}

fn parked_for(stamp: &StampRow) -> Option<String> {
    let mut lines = stamp.text.lines().filter(|_| stamp.kind == "parked");
    lines.find_map(|line| line.strip_prefix("reason ")).map(str::to_owned)
}

impl From<Artifact> for ArtifactNode {
    fn from(Artifact { name, document }: Artifact) -> Self {
        Self { name, document: serde_json::from_str(&document).unwrap_or_default() }
    }
}

impl From<Effect> for EffectNode {
    fn from(effect: Effect) -> Self {
        let result = effect.result.and_then(|text| serde_json::from_str(&text).ok());
        Self { tool: effect.tool, result, state: effect.state }
    }
}
