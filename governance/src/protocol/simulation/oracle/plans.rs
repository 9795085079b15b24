//! P-04: what a plan may become (G5).

use super::{Oracle, Part};
use crate::protocol::id::{EventKey, PlanDigest};
use crate::protocol::input::{Started, plan_digest};
use crate::protocol::row::Decision;

/// How long the desk waits for an answer, in milliseconds.
const WITHIN_MILLIS: u64 = 9_000;

impl Oracle {
    /// An answer was taken.
    pub(super) fn decided(&mut self, plan: PlanDigest, by: &str, decision: &Decision) {
        let asked = self.asked.get(&plan).copied();
        let execution = asked.map(|(execution, _)| execution);
        if by != "ada" {
            let detail = format!("{by} is not entitled, and decided {decision:?}");
            self.violate("G5", "entitled", execution, detail);
        }
        if asked.is_none_or(|(_, at)| self.now >= at + WITHIN_MILLIS) {
            let detail = "an answer was taken after its time".to_owned();
            self.violate("G5", "in_time", execution, detail);
        }
        if self.answered.insert(plan, decision.clone()).is_some() {
            let detail = "a plan was decided twice".to_owned();
            self.violate("G5", "decided_once", execution, detail);
        }
    }

    /// A plan was put before somebody.
    pub(super) fn put(&mut self, plan: PlanDigest, started: crate::protocol::id::ExecutionId) {
        self.asked.entry(plan).or_insert((started, self.now));
    }

    /// What a start under a handshake needs.
    pub(super) fn handshake(&mut self, handler: &'static str, started: &Started, part: &Part<'_>) {
        match handler {
            "desk" => self.told(started, part),
            "spender" => self.spends(started, part),
            _ => {}
        }
    }

    /// The handler that asked learns the answer, the same one at each attempt.
    fn told(&mut self, started: &Started, part: &Part<'_>) {
        let id = started.run.execution;
        let digest = plan_digest(&super::body(&started.event)["plan"]);
        let Some(decision) = started.decision.clone() else {
            let detail = "it started without an answer".to_owned();
            let check = ("G5", "decision_is_told");
            return self.breach(part, &["P-04"], check, id, detail);
        };
        let asked = self.asked.get(&digest).map_or(0, |(_, at)| *at);
        let right = match (&decision, self.answered.get(&digest)) {
            (Decision::Expired, None) => self.now >= asked + WITHIN_MILLIS,
            (decision, Some(answer)) => decision == answer,
            (Decision::Pending | Decision::Approved { .. } | Decision::Denied { .. }, None) => {
                false
            }
        };
        let told = self.executions.get_mut(&id).and_then(|it| it.told.replace(decision.clone()));
        if !right || told.is_some_and(|it| it != decision) {
            let detail = format!("it was told {decision:?}");
            self.violate("G5", "decision_is_told", Some(id), detail);
        }
    }

    fn spends(&mut self, started: &Started, part: &Part<'_>) {
        let id = started.run.execution;
        let event = &started.event;
        let text = self.events.get(&EventKey::of(event));
        let text = text.and_then(|it| it.body["plan_digest"].as_str());
        let Some(plan) = text.and_then(|it| it.parse::<PlanDigest>().ok()) else {
            let detail = "it names no plan".to_owned();
            let check = ("G5", "approved_before");
            return self.breach(part, &["P-04"], check, id, detail);
        };
        let approved = matches!(self.answered.get(&plan), Some(Decision::Approved { .. }));
        let first = !self.spent.contains_key(&plan);
        let asked = self.asked.get(&plan).map_or(0, |(_, at)| *at);
        if !approved || (first && self.now >= asked + WITHIN_MILLIS) {
            let detail = format!("plan {plan} is not approved, or no longer");
            return self.breach(part, &["P-04"], ("G5", "approved_before"), id, detail);
        }
        let spender = *self.spent.entry(plan).or_insert(id);
        if spender != id {
            let detail = format!("plan {plan} was spent by {spender}");
            self.breach(part, &["P-04"], ("G5", "spent_once"), id, detail);
        }
    }
}
