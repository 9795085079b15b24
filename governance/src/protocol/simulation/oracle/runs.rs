//! What a run may still do (R2, R8, R13, G4), and what becomes of what it emits (G3).

use super::effects::Made;
use super::{Oracle, Part};
use crate::protocol::id::{EventKey, ExecutionId};
use crate::protocol::input::{Conclude, Concluded, Intend, Intended, Run, RunEnding};
use crate::protocol::row::{EffectKey, EffectState, Phase, Row};

impl Oracle {
    fn is_current(&self, run: Run) -> bool {
        let seen = self.executions.get(&run.execution);
        seen.is_some_and(|it| it.current == Some((run.claim, run.attempt)))
    }

    /// R2: an attempt ends without its worker only once that worker's lease has ended.
    pub(super) fn abandoned(&mut self, id: ExecutionId, attempt: u32, reason: &str) {
        let Some(seen) = self.executions.get_mut(&id) else {
            return;
        };
        if reason != "lease" {
            return;
        }
        seen.failures += 1;
        let lost = seen.current.take_if(|(_, current)| *current == attempt);
        if lost.is_some_and(|(claim, _)| self.is_alive(claim)) {
            let detail = format!("attempt {attempt} was given up while its worker lives");
            self.violate("R2", "no_takeover_of_the_living", Some(id), detail);
        }
    }

    pub(super) fn failed(&mut self, id: ExecutionId) {
        if let Some(seen) = self.executions.get_mut(&id) {
            seen.failures += 1;
        }
    }

    /// Notes the outputs of a finish that was accepted, before its rows are judged.
    pub(super) fn emitted(&mut self, conclude: &Conclude, concluded: Concluded, part: &Part<'_>) {
        let id = conclude.run.execution;
        if concluded == Concluded::Late {
            return;
        }
        if !self.is_current(conclude.run) {
            let detail = format!("attempt {} is not current", conclude.run.attempt);
            self.violate("R2", "only_the_current_attempt", Some(id), detail);
        }
        let (outputs, finished): (Vec<_>, bool) = match &conclude.ending {
            RunEnding::Finished { outputs, .. } => (outputs.iter().collect(), true),
            RunEnding::Refused { output, .. } => (output.iter().map(|it| &**it).collect(), false),
            RunEnding::Failed { .. } | RunEnding::Abandoned => return,
        };
        let accepted = part.changes.iter().any(|change| {
            matches!(change.after.as_deref(), Some(Row::Execution(it)) if it.id == id
            && match it.phase {
                Phase::Finished => finished,
                Phase::Refused { .. } => !finished,
                _ => false,
            })
        });
        if !accepted {
            return;
        }
        for event in outputs {
            if self.events.contains_key(&EventKey::of(event)) {
                let detail = format!("{} takes the identity of another event", event.id());
                self.violate("R1", "identity", Some(id), detail);
            }
            let emits = self
                .executions
                .get(&id)
                .and_then(|seen| self.contracts.handler(seen.handler))
                .is_some_and(|contract| contract.emits.contains(event.ty()));
            if !emits {
                let detail = format!("{} is not its to emit", event.ty());
                self.breach(part, &["P-01"], ("G4", "least_privilege"), id, detail);
            }
            self.genuine(event, Some(id));
            let recorded = part.changes.iter().any(|change| {
                matches!(change.after.as_deref(), Some(Row::Outbox(it)) if it.event == EventKey::of(event))
            });
            if !recorded {
                let detail = format!("{} was emitted and not recorded", event.id());
                self.violate("G3", "outputs_recorded", Some(id), detail);
            }
        }
    }

    pub(super) fn concluded(&mut self, conclude: &Conclude, concluded: Concluded, part: &Part<'_>) {
        let id = conclude.run.execution;
        match concluded {
            Concluded::Late => {
                if self.is_current(conclude.run) {
                    let detail = format!("attempt {} was discarded", conclude.run.attempt);
                    self.violate("R2", "the_current_attempt_counts", Some(id), detail);
                }
                if !part.changes.is_empty() {
                    let detail = "a late result changed something".to_owned();
                    self.violate("R2", "only_the_current_attempt", Some(id), detail);
                }
            }
            Concluded::Ack | Concluded::Again(_) | Concluded::Released => {
                if let Some(seen) = self.executions.get_mut(&id) {
                    seen.current = None;
                }
            }
        }
    }

    pub(super) fn intended(&mut self, intend: &Intend, intended: &Intended, part: &Part<'_>) {
        let run = intend.run;
        let id = Some(run.execution);
        if let Intended::Denied { code, .. } = intended {
            self.denied_observed(run.execution, *code);
        }
        let allowed =
            matches!(intended, Intended::Call(_) | Intended::Known(_) | Intended::UndoFirst(_));
        if !allowed {
            return;
        }
        if !self.is_current(run) {
            let detail = format!("attempt {} intends a call", run.attempt);
            self.violate("R2", "only_the_current_attempt", id, detail);
        }
        let Some(seen) = self.executions.get(&run.execution).cloned() else {
            return;
        };
        if self.is_halted(seen.handler) {
            let detail = format!("{} is halted and calls {}", seen.handler, intend.tool);
            self.violate("R13", "no_intent_while_halted", id, detail);
        }
        if self.fenced.contains(&seen.tree) {
            let detail = format!("it calls {} in a fenced tree", intend.tool);
            self.violate("R8", "no_intent_in_a_fence", id, detail);
        }
        let held = self
            .contracts
            .handler(seen.handler)
            .and_then(|it| it.tools.as_ref()?.get(&intend.tool));
        let made = !matches!(intended, Intended::UndoFirst(_));
        if made && held.is_none_or(|level| *level < intend.level) {
            let detail = format!("{} does not hold {}", seen.handler, intend.tool);
            let check = ("G4", "least_privilege");
            self.breach(part, &["P-01", "P-02"], check, run.execution, detail);
        }
        let event = self.events.get(&seen.event).map_or("", |it| it.event.ty());
        if made && intend.tool == "mail.send" && self.contracts.is_compensatable(event) {
            let detail = format!("{} cannot be undone, and {event} promises it", intend.tool);
            self.breach(part, &["P-06"], ("G8", "undo_is_promised"), run.execution, detail);
        }
        let Intended::Call(key) = intended else {
            return;
        };
        let registered = part.changes.iter().any(|change| {
            matches!(change.after.as_deref(), Some(Row::Effect(it))
                if it.key == *key && it.state == EffectState::Registered)
        });
        let tree = seen.tree;
        let made = Made::new(registered, tree, &intend.tool, run, self.effects.len());
        if self.effects.insert(*key, made).is_some() {
            let detail = format!("call {} is announced twice", key.index);
            self.violate("R3", "one_row_a_call", id, detail);
        }
    }

    pub(super) fn reported(&mut self, run: Run, key: EffectKey, part: &Part<'_>) {
        if !part.changes.is_empty() && !self.is_current(run) {
            let detail = format!("attempt {} reports call {}", run.attempt, key.index);
            self.violate("R2", "only_the_current_attempt", Some(run.execution), detail);
        }
    }

    /// A tool outside the contract was denied; the protocol must say by which primitive.
    pub(in crate::protocol::simulation) fn denied(&mut self, detail: &str) {
        if detail.is_empty() {
            self.violate("G4", "least_privilege", None, "denied without a reason".to_owned());
        }
    }
}
