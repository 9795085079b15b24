//! What must hold when a run starts (G1, G5, G6, G7, T3, R1, R2, R8, R12, R13).

use wingman_core::event::CloudEvent;

use super::{Oracle, Part, Seen};
use crate::audit::stamp::Fact;
use crate::protocol::id::{EventKey, ExecutionId, TreeId};
use crate::protocol::input::Started;
use crate::protocol::row::Phase;
use crate::protocol::simulation::script::name;
use crate::protocol::simulation::worker::Run;
use crate::protocol::simulation::world::HANDLERS;

/// What every contract of the graph allows.
const RETRIES: u32 = 3;

impl Oracle {
    pub(super) fn started(&mut self, started: &Started, part: &Part<'_>) {
        let run = started.run;
        let id = run.execution;
        let event = &*started.event;
        let replay = self.replays.get(&id).map_or(0, |(_, replay)| *replay);
        let Some(handler) = HANDLERS
            .iter()
            .map(|(handler, _)| *handler)
            .find(|it| ExecutionId::of(&name(it), event, replay) == id)
        else {
            let detail = "it is the reaction of no handler to this event".to_owned();
            return self.violate("R1", "identity", Some(id), detail);
        };
        let stamped = part.stamps.iter().any(|stamp| {
            stamp.execution == Some(id)
                && matches!(stamp.fact, Fact::Started { attempt, worker, epoch, .. }
                    if attempt == run.attempt && worker == run.claim.worker && epoch == run.claim.epoch)
        });
        if !stamped {
            let detail = format!("attempt {} has no stamp", run.attempt);
            self.violate("G1", "start_is_stamped", Some(id), detail);
        }
        if !self.is_genuine(event) {
            let detail = format!("{} of type {} never happened", event.id(), event.ty());
            if self.events.contains_key(&EventKey::of(event)) {
                self.violate("R1", "conflicts_never_start", Some(id), detail);
            } else {
                self.violate("R12", "provenance", Some(id), detail);
            }
        }
        if !self.is_alive(run.claim) {
            let detail = "its worker has no lease".to_owned();
            self.violate("R2", "start_needs_lease", Some(id), detail);
        }
        if self.is_halted(handler) {
            let detail = format!("{handler} is halted");
            self.violate("R13", "no_start_while_halted", Some(id), detail);
        }
        let tree: TreeId = event.correlation().into();
        if self.fenced.contains(&tree) {
            let detail = format!("tree {tree} is fenced");
            self.violate("R8", "no_start_in_a_fence", Some(id), detail);
        }
        if let Some(outcome) = self.outcomes.get(&id) {
            let detail = format!("it started after it was {outcome:?}");
            self.violate("G3", "one_outcome", Some(id), detail);
        }
        self.lane(handler, event, id);
        self.takes_over(started, handler, tree);
        self.ordering(handler, event, id, part);
        self.handshake(handler, started, part);
    }

    /// R2: nobody takes over from a worker that lives, and attempts only rise.
    fn takes_over(&mut self, started: &Started, handler: &'static str, tree: TreeId) {
        let (run, event) = (started.run, &*started.event);
        let key = EventKey::of(event);
        let lane = event.partition_key().map(|it| (handler, event.ty().to_owned(), it.to_owned()));
        let seen = self.executions.entry(run.execution).or_insert(Seen {
            handler,
            event: key,
            tree,
            lane: lane.clone(),
            current: None,
            attempts: 0,
            failures: 0,
            told: None,
        });
        let (before, attempts) = (seen.current, seen.attempts);
        seen.current = Some((run.claim, run.attempt));
        seen.attempts = run.attempt;
        if let Some(lane) = lane {
            self.running_lane.entry(lane).or_default().insert(run.execution);
        }
        let id = Some(run.execution);
        if seen.failures > RETRIES {
            let detail = format!("attempt {} began after all its retries", run.attempt);
            self.violate("T6", "attempts_end", id, detail);
        }
        if before.is_some_and(|(claim, _)| self.is_alive(claim)) {
            let detail = format!("attempt {} began while {before:?} lives", run.attempt);
            self.violate("R2", "no_takeover_of_the_living", id, detail);
        }
        if run.attempt <= attempts {
            let detail = format!("attempt {} after attempt {attempts}", run.attempt);
            self.violate("R2", "attempts_rise", id, detail);
        }
    }

    /// T3: one at a time, and first starts in the order of the broker.
    fn lane(&mut self, handler: &'static str, event: &CloudEvent, id: ExecutionId) {
        let Some(key) = event.partition_key() else {
            return;
        };
        let lane = (handler, event.ty().to_owned(), key.to_owned());
        let others = self.running_lane.get(&lane).into_iter().flatten();
        let other = others.copied().find(|other| {
            *other != id
                && self
                    .executions
                    .get(other)
                    .is_some_and(|seen| seen.current.is_some_and(|(claim, _)| self.is_alive(claim)))
        });
        if let Some(other) = other {
            let detail = format!("{other} of lane {lane:?} still runs");
            self.violate("T3", "one_at_a_time", Some(id), detail);
        }
        let first = !self.executions.contains_key(&id) && !self.replays.contains_key(&id);
        let Some(position) = self.positions.get(&EventKey::of(event)).copied() else {
            return;
        };
        if !first || self.ordered.contains_key(&id) {
            return;
        }
        let newest = self.newest_start.entry(lane).or_default();
        if *newest > position {
            let detail = format!("position {position} first started after {newest}");
            self.violate("T3", "first_start_order", Some(id), detail);
        } else {
            *newest = position;
        }
    }

    /// G7: an ordering rule is judged against executions that ended, not arrivals.
    fn ordering(
        &mut self,
        handler: &'static str,
        event: &CloudEvent,
        id: ExecutionId,
        part: &Part<'_>,
    ) {
        let fault = match handler {
            "sequencer" => self.sequence_fault(event, id),
            "clerk" if event.ty() == "Close" => {
                let account = super::body(event)["account"].to_string();
                (!self.is_open(&account)).then(|| format!("nothing opened account {account}"))
            }
            "notifier" => self.chain_fault(event),
            _ => None,
        };
        let (rule, check) =
            if handler == "notifier" { ("G7", "lineage") } else { ("R7", "ordering_rule") };
        if let Some(detail) = fault {
            self.breach(part, &["order"], (rule, check), id, detail);
        }
    }

    /// Whether something that finished opened an account and is not undone (R7).
    pub(super) fn is_open(&self, account: &str) -> bool {
        let finished = self.opened.get(account).into_iter().flatten();
        let trees = finished.filter_map(|id| Some(&self.executions.get(id)?.tree));
        trees.into_iter().any(|tree| !self.fenced.contains(tree))
    }

    fn sequence_fault(&self, event: &CloudEvent, id: ExecutionId) -> Option<String> {
        let stream = super::body(event)["stream"].to_string();
        let number: u64 = event.extension("sequence")?.parse().ok()?;
        let of = |number: u64| self.numbers.get(&(stream.clone(), number));
        let ended = |number: &u64| {
            of(*number).is_some_and(|it| it.iter().any(|it| self.outcomes.contains_key(it)))
        };
        if let Some(missing) = (1..number).find(|number| !ended(number)) {
            return Some(format!("{number} of stream {stream} started before {missing} ended"));
        }
        let twin = of(number)?.iter().find(|it| {
            **it != id && self.executions.contains_key(it) && !self.out_of_turn.contains(it)
        })?;
        Some(format!("{number} of stream {stream} started before, as {twin}"))
    }

    fn chain_fault(&self, event: &CloudEvent) -> Option<String> {
        let mut at = self.events.get(&EventKey::of(event))?;
        let mut wanted = ["Shipped", "Approved", "Prepared", "Order"].into_iter();
        loop {
            let ty = at.event.ty();
            if wanted.next() != Some(ty) {
                return Some(format!("{ty} has no place there in the chain"));
            }
            let Some(origin) = at.origin else {
                return (ty != "Order").then(|| format!("{ty} comes from nowhere"));
            };
            if self.outcomes.get(&origin) != Some(&Phase::Finished) {
                return Some(format!("{ty} comes from {origin}, which did not finish"));
            }
            let before = self.events.get(&self.executions.get(&origin)?.event)?;
            if before.body["order"] != at.body["order"] || before.body["out"] != at.body["source"] {
                return Some(format!("{ty} was not made from what came before"));
            }
            at = before;
        }
    }

    /// The handler itself begins: only after its start was committed (G1).
    pub(in crate::protocol::simulation) fn begins(&mut self, run: &Run, now: u64) {
        self.now = now;
        let id = run.started.run.execution;
        let seen = self.executions.get(&id);
        if seen.is_none_or(|seen| seen.attempts < run.started.run.attempt) {
            let detail = "its handler runs without a committed start".to_owned();
            self.violate("G1", "start_before_run", Some(id), detail);
        }
    }
}
