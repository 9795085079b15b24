//! What a worker does, one small thing at a time, so that it can die between any two of them.

use std::collections::{BTreeSet, VecDeque};
use std::rc::Rc;
use std::sync::Arc;

use super::broker::Delivery;
use super::script;
use super::worker::{Batch, Head, Lane, LaneKey, Run, Stage, Undoing};
use super::world::World;
use crate::contract::Level;
use crate::protocol::input::{
    Arrival, Conclude, Concluded, Delivered, Input, Intend, Intended, Judged, Reply, Report,
    RunEnding, Started, UndoOutcome,
};
use crate::protocol::row::{DeadReason, RefusalCode};

/// Tools that can undo what they did.
const UNDOABLE: [&str; 3] = ["stock.reserve", "pay.charge", "disk.write"];
const TOOLS: [&str; 5] = ["stock.reserve", "stock.look", "pay.charge", "disk.write", "mail.send"];

impl World {
    /// Keeps the lease, or finds that it is lost and begins anew. True if something was done.
    pub(super) fn keep_alive(&mut self, at: usize) -> bool {
        let (now, worker) = (self.now, &self.workers[at]);
        let Some(claim) = worker.claim else {
            let (worker, handlers) = (worker.id, Vec::new());
            if let Some(Some(Reply::Joined(claim))) = self.ask(at, Input::Join { worker, handlers })
            {
                let worker = &mut self.workers[at];
                worker.claim = Some(claim);
                worker.next_heartbeat = now + 250;
            }
            return true;
        };
        if now < worker.next_heartbeat {
            return false;
        }
        let seen = worker.seen;
        match self.ask(at, Input::Heartbeat { claim, seen }) {
            Some(Some(Reply::Alive(Some(version)))) => {
                self.workers[at].seen = version;
                self.workers[at].next_heartbeat = now + 250;
            }
            Some(Some(Reply::Alive(None))) => self.lose_lease(at),
            _ => {}
        }
        true
    }

    /// The process has learnt that it is fenced off: it hands back what it has and joins again. A
    /// handler that does not notice may go on for a while.
    fn lose_lease(&mut self, at: usize) {
        let keep = self.random.chance(500);
        let worker = &mut self.workers[at];
        worker.claim = None;
        worker.lanes.clear();
        worker.relay = None;
        if !keep {
            worker.runs.clear();
            worker.undoing.clear();
        }
        for run in &mut worker.runs {
            run.lane = None;
        }
        self.broker.expire(at);
    }

    pub(super) fn receive(&mut self, at: usize) -> bool {
        if self.workers[at].lanes.len() > 12 {
            return false;
        }
        let Some(delivery) = self.broker.receive(at, &mut self.random) else {
            return false;
        };
        let key = lane_key(&delivery);
        let lane = self.workers[at].lanes.entry(key).or_default();
        lane.queue.push_back(delivery);
        true
    }

    /// A turn: some runs that ended and some heads, in one transaction (R9).
    pub(super) fn turn(&mut self, at: usize) -> bool {
        let Some(claim) = self.workers[at].claim else {
            return false;
        };
        let most = 1 + self.random.below(3);
        let ended = self.ended(at, most);
        let heads = self.heads(at, most);
        if ended.is_empty() && heads.is_empty() {
            return false;
        }
        let mut inputs: Vec<Input> = Vec::new();
        for index in &ended {
            inputs.push(conclude(&self.workers[at].runs[*index]));
        }
        for key in &heads {
            let lane = &self.workers[at].lanes[key];
            if let Some(delivery) = lane.queue.front() {
                inputs.push(Input::Judge(arrival(claim, delivery)));
            }
        }
        let Some(mut replies) = self.transact(Some(at), inputs) else {
            return true;
        };
        let verdicts = replies.split_off(ended.len());
        for (key, reply) in heads.into_iter().zip(verdicts) {
            self.judged(at, &key, reply);
        }
        for (index, reply) in ended.into_iter().zip(replies).rev() {
            if let Some(Reply::Concluded(concluded)) = reply {
                let run = self.workers[at].runs.remove(index);
                self.concluded(at, &run, concluded);
            }
        }
        true
    }

    fn ended(&mut self, at: usize, most: usize) -> Vec<usize> {
        let runs = self.workers[at].runs.iter().enumerate();
        let ended = runs.filter(|(_, run)| matches!(run.stage, Stage::Ending(_)));
        ended.map(|(index, _)| index).take(most).collect()
    }

    fn heads(&mut self, at: usize, most: usize) -> Vec<LaneKey> {
        let now = self.now;
        let lanes = self.workers[at].lanes.iter();
        let ready = lanes.filter(|(_, lane)| {
            !lane.queue.is_empty()
                && matches!(lane.head, Head::Idle { again_at } if again_at <= now)
        });
        let mut keys: Vec<LaneKey> = ready.map(|(key, _)| key.clone()).collect();
        while keys.len() > most {
            keys.swap_remove(self.random.below(keys.len()));
        }
        keys
    }

    fn judged(&mut self, at: usize, key: &LaneKey, reply: Option<Reply>) {
        let now = self.now;
        let Some(Reply::Judged(judged)) = reply else {
            return;
        };
        let Some(lane) = self.workers[at].lanes.get_mut(key) else {
            return;
        };
        match judged {
            Judged::Ack => lane.head = Head::Acking,
            Judged::Hold(millis) => {
                let again_at = now + millis;
                lane.head = Head::Idle { again_at };
            }
            Judged::Run(started) => {
                lane.head = Head::Running;
                let message = lane.queue.front().map(|it| Rc::clone(&it.message));
                let delivered = message.map(|it| Arc::new(it.delivered()));
                self.begin(at, key.0, Some(key.clone()), *started, delivered);
            }
        }
    }

    fn begin(
        &mut self,
        at: usize,
        handler: &'static str,
        lane: Option<LaneKey>,
        started: Started,
        delivered: Option<Arc<Delivered>>,
    ) {
        let calls = script::calls(handler, &started, &mut self.random, self.calm);
        let probes = started.unknown.iter().cloned().collect();
        self.workers[at].runs.push(Run {
            started,
            handler,
            lane,
            delivered,
            stage: Stage::Begin,
            probes,
            calls,
            call_number: 0,
        });
    }

    fn concluded(&mut self, at: usize, run: &Run, concluded: Concluded) {
        let now = self.now;
        let Some(key) = &run.lane else { return };
        let worker = &mut self.workers[at];
        let Some(lane) = worker.lanes.get_mut(key) else {
            return;
        };
        match concluded {
            Concluded::Ack => lane.head = Head::Acking,
            Concluded::Again(millis) => {
                let again_at = now + millis;
                lane.head = Head::Idle { again_at };
            }
            Concluded::Late | Concluded::Released => self.hand_back(at, key),
        }
    }

    /// A head that goes back takes everything behind it along.
    fn hand_back(&mut self, at: usize, key: &LaneKey) {
        let lane = self.workers[at].lanes.remove(key).unwrap_or_default();
        for delivery in lane.queue.into_iter().rev() {
            self.broker.settle(&delivery, false);
        }
    }

    pub(super) fn acknowledge(&mut self, at: usize) -> bool {
        let lanes = &mut self.workers[at].lanes;
        let acking = lanes.iter().find(|(_, lane)| lane.head == Head::Acking);
        let Some(key) = acking.map(|(key, _)| key.clone()) else {
            return false;
        };
        let Some(Lane { mut queue, .. }) = lanes.remove(&key) else {
            return false;
        };
        if let Some(delivery) = queue.pop_front() {
            self.oracle.acked(&delivery, &self.store);
            if self.broker.settle(&delivery, true) && !self.calm && self.random.chance(20) {
                self.broker.duplicate(&delivery);
            }
        }
        if !queue.is_empty() {
            let head = Head::default();
            self.workers[at].lanes.insert(key, Lane { queue, head });
        }
        true
    }

    pub(super) fn wake(&mut self, at: usize, handler: &'static str) -> bool {
        let Some(claim) = self.workers[at].claim else {
            return false;
        };
        let max = 1 + self.random.below(4);
        let who = script::name(handler);
        if let Some(Some(Reply::Woken(woken))) = self.ask(at, Input::Wake { claim, who, max }) {
            for started in woken {
                self.begin(at, handler, None, started, None);
            }
        }
        true
    }

    /// Moves one run on by one step of its own.
    pub(super) fn progress(&mut self, at: usize) -> bool {
        let runs = self.workers[at].runs.iter().enumerate();
        let going: Vec<usize> = runs
            .filter(|(_, run)| !matches!(run.stage, Stage::Ending(_)))
            .map(|(index, _)| index)
            .collect();
        if going.is_empty() {
            return false;
        }
        let index = *self.random.pick(&going);
        let run = &mut self.workers[at].runs[index];
        match run.stage.clone() {
            Stage::Begin => {
                self.oracle.begins(run, self.now);
                run.stage = Stage::Probe;
            }
            Stage::Probe => self.probe(at, index),
            Stage::Ask => self.intend(at, index),
            Stage::Calling(key) => {
                self.oracle.calls(key, run);
                let report = self.outside.call(key, &mut self.random, self.calm);
                run.stage = Stage::Reporting(key, report);
            }
            Stage::Reporting(effect, report) => self.report(at, index, effect, report),
            Stage::UndoFirst(undoing) => self.undo_first(at, index, undoing),
            Stage::Ending(_) => {}
        }
        true
    }

    fn probe(&mut self, at: usize, index: usize) {
        let run = &mut self.workers[at].runs[index];
        match run.probes.pop_front() {
            Some(effect) => {
                let report = self.outside.probe(effect.key, &mut self.random, self.calm);
                run.stage = Stage::Reporting(effect.key, report);
            }
            None => run.stage = Stage::Ask,
        }
    }

    fn intend(&mut self, at: usize, index: usize) {
        let run = &mut self.workers[at].runs[index];
        let Some(call) = run.calls.front().cloned() else {
            run.stage = Stage::Ending(script::ending(run, &mut self.random, self.calm));
            return;
        };
        let input = Input::Intend(Intend {
            run: run.started.run,
            call: run.call_number,
            tool: call.tool.to_owned(),
            level: if call.tool == "stock.look" { Level::Read } else { Level::Write },
            arguments: call.arguments,
            can_undo: UNDOABLE.contains(&call.tool),
            before: bytes::Bytes::from_static(b"before"),
        });
        let Some(Some(Reply::Intended(intended))) = self.ask(at, input) else {
            return;
        };
        let run = &mut self.workers[at].runs[index];
        match intended {
            Intended::Call(key) => run.stage = Stage::Calling(key),
            Intended::Known(_) => run.called(),
            Intended::UndoFirst(effects) => {
                run.stage = Stage::UndoFirst(effects.into_iter().map(Undoing::new).collect());
            }
            // Halted: the attempt ends and does not count.
            Intended::Denied { code: RefusalCode::Interrupt, .. } => run.end(RunEnding::Abandoned),
            Intended::Denied { detail, .. } if call.tool == script::forbidden(run.handler) => {
                self.oracle.denied(&detail);
                run.called();
            }
            Intended::Denied { detail, .. } => {
                run.end(RunEnding::Failed { structural: false, reason: detail })
            }
            Intended::Lost => self.lost(at, index),
        }
    }

    /// Another worker has it. A handler that swallows the error still ends, and is late.
    fn lost(&mut self, at: usize, index: usize) {
        if self.random.chance(300) {
            let run = &mut self.workers[at].runs[index];
            run.stage = Stage::Ending(script::ending(run, &mut self.random, true));
            return;
        }
        let run = self.workers[at].runs.remove(index);
        if let Some(key) = &run.lane {
            self.hand_back(at, key);
        }
    }

    fn report(
        &mut self,
        at: usize,
        index: usize,
        effect: crate::protocol::row::EffectKey,
        report: Report,
    ) {
        let run = self.workers[at].runs[index].started.run;
        let input = Input::Report { run, effect, report: report.clone() };
        let reply = self.ask(at, input);
        let Some(Some(reply)) = reply else { return };
        let run = &mut self.workers[at].runs[index];
        match (reply, report) {
            (Reply::Lost, _) => self.lost(at, index),
            (_, Report::Undecidable) => run.end(RunEnding::Failed {
                structural: true,
                reason: DeadReason::Structural.to_string(),
            }),
            (_, Report::Void | Report::Unknown) if run.reports_own_call() && !self.calm => {
                run.end(RunEnding::Failed {
                    structural: false,
                    reason: "the call failed".to_owned(),
                });
            }
            _ if run.reports_own_call() => run.called(),
            _ => run.stage = Stage::Probe,
        }
    }

    fn undo_first(&mut self, at: usize, index: usize, mut undoing: VecDeque<Undoing>) {
        let Some(first) = undoing.front_mut() else {
            self.workers[at].runs[index].stage = Stage::Ask;
            return;
        };
        let claim = self.workers[at].runs[index].started.run.claim;
        let Some(outcome) = first.outcome else {
            self.undo_outside(first);
            self.workers[at].runs[index].stage = Stage::UndoFirst(undoing);
            return;
        };
        let effect = first.effect.key;
        let input = Input::Undone { claim, effect, outcome };
        if self.ask(at, input).is_none_or(|it| it.is_none()) {
            return;
        }
        let run = &mut self.workers[at].runs[index];
        if matches!(outcome, UndoOutcome::Undone | UndoOutcome::NeverHappened) {
            undoing.pop_front();
            run.stage = Stage::UndoFirst(undoing);
        } else {
            run.end(RunEnding::Failed {
                structural: false,
                reason: "an earlier call could not be undone".to_owned(),
            });
        }
    }

    /// Undoes one effect out there, after a probe if nobody knows whether it happened.
    fn undo_outside(&mut self, undoing: &mut Undoing) {
        let key = undoing.effect.key;
        let (random, calm) = (&mut self.random, self.calm);
        if self.sabotage.probes_first(&undoing.effect) {
            match self.outside.probe(key, random, calm) {
                Report::Applied(_) => {}
                Report::Void => {
                    undoing.outcome = Some(UndoOutcome::NeverHappened);
                    return;
                }
                Report::Unknown | Report::Undecidable => {
                    undoing.outcome = Some(UndoOutcome::Undecidable);
                    return;
                }
            }
        }
        self.oracle.undoes(&undoing.effect, &self.outside, &self.store);
        undoing.outcome = Some(self.outside.undo(key, random, calm));
    }

    /// One thing of the relay: read, send one, or report.
    pub(super) fn relay(&mut self, at: usize) -> bool {
        let Some(claim) = self.workers[at].claim else {
            return false;
        };
        let Some(batch) = &mut self.workers[at].relay else {
            if !self.store.has_unpublished() {
                return false;
            }
            let max = 1 + self.random.below(12);
            let resting = BTreeSet::new();
            if let Some(Some(Reply::Relaying(Some(rows)))) =
                self.ask(at, Input::Relay { claim, max, resting })
            {
                self.workers[at].relay = Some(Batch {
                    claim,
                    rows: rows.into(),
                    blocked: BTreeSet::new(),
                    reports: Vec::new(),
                });
            }
            return true;
        };
        if let Some(row) = batch.rows.pop_front() {
            self.send(at, &row);
            return true;
        }
        let (claim, reports) = (batch.claim, std::mem::take(&mut batch.reports));
        self.workers[at].relay = None;
        let input = |(sequence, sent)| Input::Relayed { claim, sequence, sent };
        if !reports.is_empty() {
            self.transact(Some(at), reports.into_iter().map(input).collect());
        }
        true
    }

    /// One thing of the rollback engine: ask, undo one, or report.
    pub(super) fn undo(&mut self, at: usize) -> bool {
        let Some(claim) = self.workers[at].claim else {
            return false;
        };
        let Some(mut first) = self.workers[at].undoing.pop_front() else {
            let tools = TOOLS.map(str::to_owned).to_vec();
            let max = 1 + self.random.below(4);
            let asked = self.ask(at, Input::Undo { claim, tools, max });
            if let Some(Some(Reply::Undoing(effects))) = asked {
                let undoing = effects.into_iter().map(Undoing::new);
                self.workers[at].undoing.extend(undoing);
            }
            return true;
        };
        let Some(outcome) = first.outcome else {
            self.undo_outside(&mut first);
            self.workers[at].undoing.push_front(first);
            return true;
        };
        let effect = first.effect.key;
        let input = Input::Undone { claim, effect, outcome };
        if self.ask(at, input).is_some_and(|it| it.is_none()) {
            self.workers[at].undoing.push_front(first);
        }
        true
    }
}

impl Run {
    /// Whether what it reports is a call of its own, not what a probe found of an earlier one.
    fn reports_own_call(&self) -> bool {
        matches!(self.stage, Stage::Reporting(key, _)
            if !self.started.unknown.iter().any(|it| it.key == key))
    }

    fn called(&mut self) {
        self.calls.pop_front();
        self.call_number += 1;
        self.stage = Stage::Ask;
    }

    fn end(&mut self, ending: RunEnding) {
        self.stage = Stage::Ending(ending);
    }
}

fn lane_key(delivery: &Delivery) -> LaneKey {
    let topic = delivery.message.topic.clone();
    (delivery.handler, topic, delivery.lane())
}

fn arrival(claim: crate::protocol::row::Claim, delivery: &Delivery) -> Arrival {
    let message = &delivery.message;
    Arrival {
        claim,
        who: script::name(delivery.handler),
        event: message.event.clone(),
        delivered: Arc::new(message.delivered()),
    }
}

fn conclude(run: &Run) -> Input {
    let ending = match &run.stage {
        Stage::Ending(ending) => ending.clone(),
        _ => RunEnding::Abandoned,
    };
    Input::Conclude(Conclude {
        run: run.started.run,
        ending,
        event: Arc::clone(&run.started.event),
        delivered: run.delivered.clone(),
        objections: Vec::new(),
    })
}
