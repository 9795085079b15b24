//! What the guarantees say, judged from outside: from what was asked and answered, what the workers
//! did, what the broker carries and what the tools recorded. It shares no code with the protocol.

mod effects;
mod evidence;
mod finals;
mod letters;
mod observed;
mod plans;
mod resolutions;
mod rows;
mod runs;
mod starts;
mod waits;

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use std::rc::Rc;

use serde_json::Value;
use wingman_core::event::CloudEvent;

use super::broker::{Delivery, Message};
use super::script::{body, name};
use super::store::{Change, Savepoint, Store};
use crate::audit::stamp::{Fact, Stamp};
use crate::contract::Contracts;
use crate::digest::Digest;
use crate::protocol::id::{EventKey, ExecutionId, PlanDigest, TreeId, WorkerId, event_digest};
use crate::protocol::input::{Decided, Input, Judged, Reply, RunEnding};
use crate::protocol::row::{
    Claim, Decision, EffectKey, Key, OutboxRow, OutboxState, Phase, Resolution, Row, Target,
};
use crate::protocol::settings::Mode;

/// A guarantee that did not hold.
#[derive(Debug, Clone)]
pub(super) struct Violation {
    /// The guarantee or rule, as the design numbers them.
    pub(super) rule: &'static str,
    /// The check that saw it.
    pub(super) check: &'static str,
    pub(super) detail: String,
    pub(super) step: u64,
    pub(super) execution: Option<ExecutionId>,
    pub(super) tree: Option<TreeId>,
}

impl fmt::Display for Violation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { rule, check, detail, step, .. } = self;
        write!(f, "{rule} {check} at step {step}: {detail}")
    }
}

/// An event that really happened, or was really emitted.
#[derive(Debug, Clone)]
struct Genuine {
    digest: Digest,
    event: CloudEvent,
    body: Value,
    /// The execution whose accepted finish emitted it.
    origin: Option<ExecutionId>,
}

/// What the oracle saw of an execution that started.
#[derive(Debug, Clone)]
struct Seen {
    handler: &'static str,
    event: EventKey,
    tree: TreeId,
    lane: Option<(&'static str, String, String)>,
    current: Option<(Claim, u32)>,
    attempts: u32,
    /// Attempts that failed or were lost; those of a drain are not counted.
    failures: u32,
    told: Option<Decision>,
}

/// What somebody put on the broker who may only write there.
#[derive(Debug, Clone)]
struct Forgery {
    position: u64,
    topic: String,
    digest: Digest,
    /// The identity that it claims.
    claims: Option<EventKey>,
}

/// One part of a transaction: what a single input wrote.
struct Part<'a> {
    changes: &'a [Change],
    first_stamp: u64,
    stamps: &'a [Stamp],
}

/// Everything that was seen so far.
#[derive(Debug)]
pub(super) struct Oracle {
    step: u64,
    now: u64,
    contracts: Rc<Contracts>,
    mode: Mode,
    violation: Option<Violation>,
    halted: BTreeSet<Target>,
    fenced: BTreeSet<TreeId>,
    leases: BTreeMap<WorkerId, (u64, u64)>,
    events: BTreeMap<EventKey, Genuine>,
    /// Where each event first stood on the broker.
    positions: BTreeMap<EventKey, u64>,
    forgeries: Vec<Forgery>,
    executions: BTreeMap<ExecutionId, Seen>,
    outcomes: BTreeMap<ExecutionId, Phase>,
    /// Executions that waited for an ordering rule at some time, and since when.
    ordered: BTreeMap<ExecutionId, u64>,
    /// Executions that started before their turn, because nothing more than a note was made of it.
    out_of_turn: BTreeSet<ExecutionId>,
    newest_start: BTreeMap<(&'static str, String, String), u64>,
    running_lane: BTreeMap<(&'static str, String, String), BTreeSet<ExecutionId>>,
    /// The executions of each number of each stream.
    numbers: BTreeMap<(String, u64), BTreeSet<ExecutionId>>,
    /// Executions that finished opening each account, whether or not they were undone.
    opened: BTreeMap<String, BTreeSet<ExecutionId>>,
    asked: BTreeMap<PlanDigest, (ExecutionId, u64)>,
    answered: BTreeMap<PlanDigest, Decision>,
    spent: BTreeMap<PlanDigest, ExecutionId>,
    effects: BTreeMap<EffectKey, effects::Made>,
    outputs: BTreeSet<EventKey>,
    handed: BTreeSet<u64>,
    /// Effects that were handed out to be undone while their tree was not fenced.
    handed_alone: BTreeSet<EffectKey>,
    relayed: BTreeMap<EventKey, u64>,
    newest_sent: BTreeMap<(String, Option<String>), u64>,
    /// What the broker took, by its place there.
    received: BTreeMap<String, Rc<Message>>,
    /// Dead letters that people decided, and what each was replayed into.
    decided_letters: BTreeMap<ExecutionId, Option<ExecutionId>>,
    /// What people decided about effects in quarantine.
    resolutions: BTreeMap<EffectKey, Resolution>,
    /// Replays: the letter and the number of each.
    replays: BTreeMap<ExecutionId, (ExecutionId, u32)>,
}

impl Oracle {
    pub(super) fn new(contracts: Rc<Contracts>, mode: Mode) -> Self {
        Self {
            step: 0,
            now: 0,
            contracts,
            mode,
            violation: None,
            halted: BTreeSet::new(),
            fenced: BTreeSet::new(),
            leases: BTreeMap::new(),
            events: BTreeMap::new(),
            positions: BTreeMap::new(),
            forgeries: Vec::new(),
            executions: BTreeMap::new(),
            outcomes: BTreeMap::new(),
            ordered: BTreeMap::new(),
            out_of_turn: BTreeSet::new(),
            newest_start: BTreeMap::new(),
            running_lane: BTreeMap::new(),
            numbers: BTreeMap::new(),
            opened: BTreeMap::new(),
            asked: BTreeMap::new(),
            answered: BTreeMap::new(),
            spent: BTreeMap::new(),
            effects: BTreeMap::new(),
            outputs: BTreeSet::new(),
            handed: BTreeSet::new(),
            handed_alone: BTreeSet::new(),
            relayed: BTreeMap::new(),
            newest_sent: BTreeMap::new(),
            received: BTreeMap::new(),
            decided_letters: BTreeMap::new(),
            replays: BTreeMap::new(),
            resolutions: BTreeMap::new(),
        }
    }

    pub(super) fn at(&mut self, step: u64, now: u64) {
        self.step = step;
        self.now = now;
    }

    /// The first violation, if there was one.
    pub(super) fn verdict(&self) -> Result<(), Violation> {
        self.violation.clone().map_or(Ok(()), Err)
    }

    pub(super) fn violate(
        &mut self,
        rule: &'static str,
        check: &'static str,
        execution: Option<ExecutionId>,
        detail: String,
    ) {
        let step = self.step;
        let tree = execution.and_then(|it| Some(self.executions.get(&it)?.tree.clone()));
        self.violation.get_or_insert(Violation { rule, check, detail, step, execution, tree });
    }

    /// An event that a program outside made.
    pub(super) fn external(&mut self, event: &CloudEvent) {
        self.genuine(event, None);
        if event.ty() == "Tick" {
            let stream = body(event)["stream"].to_string();
            let number = event.extension("sequence").and_then(|it| it.parse().ok());
            let execution = ExecutionId::of(&name("sequencer"), event, 0);
            let of = self.numbers.entry((stream, number.unwrap_or(0)));
            of.or_default().insert(execution);
        }
    }

    fn genuine(&mut self, event: &CloudEvent, origin: Option<ExecutionId>) {
        let genuine = Genuine {
            digest: event_digest(event),
            event: event.clone(),
            body: body(event),
            origin,
        };
        self.events.entry(EventKey::of(event)).or_insert(genuine);
    }

    pub(super) fn forged(&mut self, message: &Rc<Message>) {
        self.received.insert(message.position.to_string(), Rc::clone(message));
        let digest = match &message.event {
            Ok(event) => event_digest(event),
            Err(_) => Digest::of(&message.payload),
        };
        self.forgeries.push(Forgery {
            position: message.position,
            topic: message.topic.clone(),
            digest,
            claims: message.event.as_ref().ok().map(|it| EventKey::of(it)),
        });
    }

    pub(super) fn on_broker(&mut self, message: &Rc<Message>) {
        self.received.insert(message.position.to_string(), Rc::clone(message));
        if let Ok(event) = &message.event {
            let key = EventKey::of(event);
            self.positions.entry(key).or_insert(message.position);
        }
    }

    /// The relay sent a row (R5, G3).
    pub(super) fn relayed(&mut self, row: &OutboxRow, event: &CloudEvent) {
        let key = EventKey::of(event);
        let known = self.events.get(&key);
        if known.is_none_or(|it| it.digest != event_digest(event)) {
            let detail = format!("row {} was never recorded", row.sequence);
            self.violate("G3", "nothing_unrecorded", row.cause, detail);
        }
        if self.relayed.insert(key, row.sequence).is_none() {
            let chain = (row.event_type.clone(), row.key.clone());
            let newest = self.newest_sent.entry(chain).or_default();
            if *newest > row.sequence {
                let detail = format!("row {} first left after {newest}", row.sequence);
                self.violate("R5", "publish_order", row.cause, detail);
            } else {
                *newest = row.sequence;
            }
        }
    }

    /// A delivery is acked (T2).
    pub(super) fn acked(&mut self, delivery: &Delivery, store: &Store) {
        let Ok(event) = &delivery.message.event else {
            return;
        };
        if !self.is_genuine(event) {
            return;
        }
        let id = ExecutionId::of(&name(delivery.handler), event, 0);
        let settled = matches!(store.get(&Key::Execution(id)), Some(Row::Execution(it)) if it.phase.is_outcome());
        if !settled && store.get(&Key::Parked(id)).is_none() {
            let detail = "neither its outcome nor its bytes are in the ledger".to_owned();
            self.violate("T2", "ack_after_durable", Some(id), detail);
        }
    }

    fn is_genuine(&self, event: &CloudEvent) -> bool {
        let known = self.events.get(&EventKey::of(event));
        known.is_some_and(|it| it.digest == event_digest(event))
    }

    fn is_alive(&self, claim: Claim) -> bool {
        let lease = self.leases.get(&claim.worker);
        lease.is_some_and(|(epoch, until)| *epoch == claim.epoch && *until > self.now)
    }

    fn is_halted(&self, handler: &str) -> bool {
        self.halted.contains(&Target::All)
            || self.halted.contains(&Target::Handler(handler.to_owned()))
    }

    /// What one input of a committed transaction did.
    pub(super) fn committed(
        &mut self,
        input: &Input,
        reply: Option<&Reply>,
        store: &Store,
        since: Savepoint,
        until: Option<Savepoint>,
    ) {
        let (first_stamp, stamps) = store.stamped(since, until);
        let part = Part { changes: store.changes(since, until), first_stamp, stamps };
        let Some(reply) = reply else {
            if !part.changes.is_empty() || !part.stamps.is_empty() {
                let detail = "an input that was refused left something behind".to_owned();
                self.violate("R9", "refused_input_wrote", None, detail);
            }
            return;
        };
        for stamp in part.stamps {
            match (&stamp.fact, stamp.execution) {
                (Fact::Asked { plan, .. }, Some(execution)) => self.put(*plan, execution),
                (Fact::Abandoned { attempt, reason }, Some(execution)) => {
                    self.abandoned(execution, *attempt, reason);
                }
                (Fact::Failed { .. }, Some(execution)) => self.failed(execution),
                _ => {}
            }
        }
        self.answered(input, reply, &part);
        if let (Input::Review { letter, act, by, .. }, Reply::Reviewed(reviewed)) = (input, reply) {
            self.reviewed((*letter, *act, by), reviewed, &part, store);
        }
        if let (Input::Resolve { effect, resolution, by, .. }, Reply::Resolved(resolved)) =
            (input, reply)
        {
            self.resolved((*effect, *resolution, by), resolved, &part);
        }
        for change in part.changes {
            self.changed(change, input, &part);
        }
        self.judge_reply(input, reply, &part);
    }

    fn judge_reply(&mut self, input: &Input, reply: &Reply, part: &Part<'_>) {
        match (input, reply) {
            (Input::Judge(_), Reply::Judged(Judged::Run(started))) => {
                self.started(started, part);
            }
            (_, Reply::Woken(woken)) => {
                for started in woken {
                    self.started(started, part);
                }
            }
            (Input::Conclude(conclude), Reply::Concluded(concluded)) => {
                self.accounted(conclude, part);
                self.concluded(conclude, *concluded, part);
                let fences = matches!(conclude.ending, RunEnding::Finished { fence: true, .. });
                let finished = self.outcomes.get(&conclude.run.execution) == Some(&Phase::Finished);
                if fences && finished {
                    self.fenced.insert(conclude.event.correlation().into());
                }
            }
            (Input::Intend(intend), Reply::Intended(intended)) => {
                self.intended(intend, intended, part);
            }
            (Input::Report { run, effect, .. }, Reply::Done) => self.reported(*run, *effect, part),
            (Input::Undo { .. }, Reply::Undoing(effects)) => self.handed_to_undo(effects),
            (Input::Relay { .. }, Reply::Relaying(Some(rows))) => self.handed_to_relay(rows),
            (Input::Decide { plan, by, .. }, Reply::Decided(Decided::Taken(decision))) => {
                self.decided(*plan, by, decision);
            }
            _ => {}
        }
    }

    /// What an answer says about the world, before what it wrote is judged.
    fn answered(&mut self, input: &Input, reply: &Reply, part: &Part<'_>) {
        let until = self.now + 1_000;
        match (input, reply) {
            (Input::Join { .. }, Reply::Joined(claim)) => {
                self.leases.insert(claim.worker, (claim.epoch, until));
            }
            (Input::Heartbeat { claim, .. }, Reply::Alive(Some(_))) => {
                if !self.is_alive(*claim) {
                    let detail = "a lease that had ended was renewed".to_owned();
                    self.violate("R2", "lease_ends", None, detail);
                }
                self.leases.insert(claim.worker, (claim.epoch, until));
            }
            (Input::Bury { worker }, _) => {
                self.leases.remove(worker);
            }
            (Input::Command { target, halt, .. }, Reply::Commanded(_)) => {
                if *halt {
                    self.halted.insert(target.clone());
                } else {
                    self.halted.remove(target);
                }
            }
            (Input::Fence { tree }, _) => {
                self.fenced.insert(tree.clone());
            }
            (Input::Conclude(conclude), Reply::Concluded(concluded)) => {
                self.emitted(conclude, *concluded, part);
            }
            (Input::Publish { event }, Reply::Published(_)) => self.external_if_new(event, part),
            _ => {}
        }
    }

    fn external_if_new(&mut self, event: &CloudEvent, part: &Part<'_>) {
        if !part.changes.is_empty() {
            self.external(event);
        }
    }

    /// R8: nothing leaves a fenced tree any more, but what had left already.
    fn handed_to_relay(&mut self, rows: &[OutboxRow]) {
        for row in rows {
            let first = self.handed.insert(row.sequence);
            if first && !row.exempt && self.fenced.contains(&row.tree) {
                let detail = format!("row {} left a fenced tree", row.sequence);
                self.violate("R8", "nothing_leaves_a_fence", row.cause, detail);
            }
            if row.state == OutboxState::Withheld {
                let detail = format!("row {} is withheld", row.sequence);
                self.violate("R8", "nothing_leaves_a_fence", row.cause, detail);
            }
        }
    }
}
