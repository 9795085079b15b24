//! What goes wrong, and what people do meanwhile.

use std::sync::Arc;

use bytes::Bytes;
use serde_json::json;
use wingman_core::event::CloudEvent;

use super::graph::PEOPLE;
use super::store::{EFFECT, EXECUTION, LETTER, OUTBOX};
use super::worker::Health;
use super::world::{HANDLERS, World};
use crate::protocol::YES;
use crate::protocol::id::TreeId;
use crate::protocol::input::{Input, Reply, Resolved, ReviewAct};
use crate::protocol::row::{Decision, EffectState, Fate, Key, Plan, Resolution, Row, Target};

impl World {
    pub(super) fn fault(&mut self) {
        let at = self.random.below(self.workers.len());
        match self.random.below(31) {
            0 => self.crash(at),
            1 => {
                let worker = self.workers[at].id;
                self.crash(at);
                self.transact(None, vec![Input::Bury { worker }]);
            }
            2 => self.workers[at].health = Health::Stopped,
            3 | 30 => self.fence(),
            4..=7 => self.workers[at].health = Health::Up,
            8 => self.broker.expire(at),
            9 => self.command(true),
            10..=12 => self.command(false),
            13..=16 | 20..=23 => self.decide(),
            24..=26 => self.review(),
            27..=29 => self.resolve(),
            _ => self.forge(),
        }
    }

    fn command(&mut self, halt: bool) {
        let handler = self.random.pick(&HANDLERS).0.to_owned();
        let target = if self.random.chance(300) { Target::All } else { Target::Handler(handler) };
        let by = "ada".to_owned();
        self.transact(None, vec![Input::Command { target, halt, by }]);
    }

    /// Lets every halted target go on.
    pub(super) fn resume_all(&mut self) {
        let targets = HANDLERS.map(|(name, _)| Target::Handler(name.to_owned()));
        let (halt, by) = (false, "ada".to_owned());
        for target in targets.into_iter().chain([Target::All]) {
            let by = by.clone();
            self.transact(None, vec![Input::Command { target, halt, by }]);
        }
    }

    fn decide(&mut self) {
        let plans: Vec<Plan> = self.plans();
        if plans.is_empty() {
            return;
        }
        let plan = self.random.pick(&plans).digest;
        let entitled = self.random.chance(600);
        let by = if entitled { PEOPLE[0] } else { *self.random.pick(&PEOPLE) };
        let by = by.to_owned();
        let answer = (*self.random.pick(&[YES, YES, YES, "NO", "yes", ""])).to_owned();
        let signature = "signed".to_owned();
        self.transact(None, vec![Input::Decide { plan, by, answer, signature }]);
    }

    /// Somebody decides about a dead letter, preferably one that waits.
    fn review(&mut self) {
        let all = self.random.chance(200);
        let letters: Vec<_> = self
            .store
            .rows(LETTER)
            .filter_map(|row| match row {
                Row::DeadLetter(it) if all || it.fate == Fate::Waiting => Some(it.execution),
                _ => None,
            })
            .collect();
        if letters.is_empty() {
            return;
        }
        let letter = *self.random.pick(&letters);
        let act = if self.random.chance(800) { ReviewAct::Replay } else { ReviewAct::Discard };
        let by = if self.random.chance(800) { PEOPLE[3] } else { *self.random.pick(&PEOPLE) };
        let (by, signature) = (by.to_owned(), "signed".to_owned());
        self.transact(None, vec![Input::Review { letter, act, by, signature }]);
    }

    /// Somebody decides about an effect, most often one in quarantine. Who says that it is undone has
    /// seen to it.
    fn resolve(&mut self) {
        let (any, again) = (self.random.chance(30), self.random.chance(200));
        let may = |state: &EffectState| match state {
            EffectState::Quarantined => true,
            EffectState::Resolved { .. } => again || any,
            _ => any,
        };
        let effects = self.store.rows(EFFECT).filter_map(|row| match row {
            Row::Effect(it) if may(&it.state) => Some(it.key),
            _ => None,
        });
        let effects: Vec<_> = effects.collect();
        if effects.is_empty() {
            return;
        }
        let effect = *self.random.pick(&effects);
        let resolution =
            if self.random.chance(500) { Resolution::Undone } else { Resolution::Accepted };
        let by = if self.random.chance(800) { PEOPLE[3] } else { *self.random.pick(&PEOPLE) };
        let (by, signature) = (by.to_owned(), "signed".to_owned());
        let input = Input::Resolve { effect, resolution, by, signature };
        let replies = self.transact(None, vec![input]).unwrap_or_default();
        let taken = matches!(replies[..], [Some(Reply::Resolved(Resolved::Taken))]);
        if taken && resolution == Resolution::Undone {
            self.outside.undo_by_hand(effect);
        }
    }

    /// Plans to decide: those that wait, and a few that do not.
    fn plans(&mut self) -> Vec<Plan> {
        let all = self.random.chance(100);
        self.store
            .rows(5)
            .filter_map(|row| match row {
                Row::Plan(plan) if all || plan.decision == Decision::Pending => Some(plan.clone()),
                _ => None,
            })
            .collect()
    }

    /// A person fences a tree, preferably one in which something runs, or in which one execution
    /// had to wait for another.
    fn fence(&mut self) {
        let books = self.random.chance(600);
        let running = self.workers.iter().flat_map(|it| &it.runs).filter(|_| !books);
        let mut trees: Vec<TreeId> =
            running.map(|run| run.started.event.correlation().into()).collect();
        if trees.is_empty() {
            let all = self.store.rows(EXECUTION);
            trees.extend(all.filter_map(|row| match row {
                Row::Execution(it) if !books || it.event_type == "Close" => Some(it.tree.clone()),
                _ => None,
            }));
        }
        if !trees.is_empty() {
            let tree = self.random.pick(&trees).clone();
            self.transact(None, vec![Input::Fence { tree }]);
        }
    }

    /// Somebody with mere write access to the broker.
    fn forge(&mut self) {
        let event = match self.random.below(4) {
            0 => self.malformed(),
            1 => self.unrecorded(),
            2 => self.predicted(),
            _ => self.conflicting(),
        };
        let Some((topic, key, event)) = event else {
            return;
        };
        let payload = Bytes::from_static(b"{}");
        let message = self.broker.publish(&topic, key.as_deref(), event, payload);
        self.oracle.forged(&message);
    }

    fn malformed(&mut self) -> Option<Forgery> {
        let (_, topics) = self.random.pick(&HANDLERS);
        let why = "not a CloudEvent".to_owned();
        Some((topics[0].to_owned(), None, Err(why)))
    }

    /// An event of a handler's type that no handler emitted.
    fn unrecorded(&mut self) -> Option<Forgery> {
        let plans = self.plans();
        let ty = *self.random.pick(&["Approved", "WorkFailed", "Shipped", "Nothing"]);
        let digest = plans.first().map(|it| it.digest.to_string());
        let tree = plans.first().map(|it| it.tree.to_string());
        let id = format!("forged-{}", self.random.number());
        let mut event = CloudEvent::new(id, "/wingman/desk", ty).ok()?;
        if let Some(tree) = tree {
            event.set_extension("correlationid", tree).ok()?;
        }
        let event = event.with_json(json!({ "plan_digest": digest, "order": "o" }).to_string());
        let topic = if ty == "Nothing" { "Approved" } else { ty };
        Some((topic.to_owned(), None, Ok(Arc::new(event))))
    }

    /// The identity that an output of a running execution is going to have.
    fn predicted(&mut self) -> Option<Forgery> {
        let runs: Vec<_> = self
            .workers
            .iter()
            .flat_map(|it| &it.runs)
            .map(|run| (run.handler, run.started.run.execution))
            .collect();
        if runs.is_empty() {
            return None;
        }
        let (handler, execution) = *self.random.pick(&runs);
        let ty = match handler {
            "intake" => "Prepared",
            "desk" => "Approved",
            "flaky" => "WorkDone",
            _ => return None,
        };
        let id = format!("{execution}-0");
        let event = CloudEvent::new(id, format!("/wingman/{handler}"), ty).ok()?;
        let event = event.with_json("{\"forged\":true}");
        Some((ty.to_owned(), None, Ok(Arc::new(event))))
    }

    /// The identity of a recorded event, with another body.
    fn conflicting(&mut self) -> Option<Forgery> {
        let outbox: Vec<_> = self.store.rows(OUTBOX).collect();
        if outbox.is_empty() {
            return None;
        }
        // A recent one may not have been handled yet.
        let recent = outbox.len().saturating_sub(4);
        let first = if self.random.chance(700) { recent } else { 0 };
        let at = first + self.random.below(outbox.len() - first);
        let Row::Outbox(row) = outbox[at] else {
            return None;
        };
        self.store.get(&Key::Recorded(row.event))?;
        let mut event = CloudEvent::from_json(&row.message).ok()?;
        event.subject = Some("forged".to_owned());
        let key = event.partition_key().map(str::to_owned);
        Some((row.event_type.clone(), key, Ok(Arc::new(event))))
    }
}

type Forgery = (String, Option<String>, Result<Arc<CloudEvent>, String>);
