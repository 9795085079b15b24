//! What tools did, and undid (R3, R8, G8).

use std::collections::BTreeSet;

use super::Oracle;
use crate::protocol::id::{ExecutionId, TreeId};
use crate::protocol::input::Run as RunId;
use crate::protocol::row::{Effect, EffectKey, EffectState, Key, Phase, RefusalCode, Row};
use crate::protocol::simulation::outside::Outside;
use crate::protocol::simulation::store::Store;
use crate::protocol::simulation::worker::Run;

/// Tools whose calls cannot be undone.
const FINAL: [&str; 3] = ["mail.send", "stock.look", "cms.delete"];

/// A call that was announced.
#[derive(Debug, Clone)]
pub(super) struct Made {
    registered: bool,
    pub(super) tree: TreeId,
    pub(super) tool: String,
    run: RunId,
    /// The order of announcements.
    order: usize,
}

impl Made {
    pub(super) fn new(
        registered: bool,
        tree: TreeId,
        tool: &str,
        run: RunId,
        order: usize,
    ) -> Self {
        let tool = tool.to_owned();
        Self { registered, tree, tool, run, order }
    }

    pub(super) fn can_undo(&self) -> bool {
        !FINAL.contains(&self.tool.as_str())
    }
}

impl Oracle {
    /// A tool is called (R3): its intent and row are durable.
    pub(in crate::protocol::simulation) fn calls(&mut self, key: EffectKey, run: &Run) {
        let made = self.effects.get(&key);
        if made.is_none_or(|it| !it.registered || it.run != run.started.run) {
            let detail = format!("call {} has no row of its attempt", key.index);
            self.violate("R3", "row_before_call", Some(key.execution), detail);
        }
    }

    /// R8: nothing of a fenced tree is undone while something of it still runs.
    pub(super) fn handed_to_undo(&mut self, effects: &[Effect]) {
        for effect in effects {
            if self.fenced.contains(&effect.tree) {
                self.handed_alone.remove(&effect.key);
            } else {
                self.handed_alone.insert(effect.key);
            }
        }
        for effect in effects.iter().filter(|it| self.fenced.contains(&it.tree)) {
            let running = self.executions.values().any(|seen| {
                seen.tree == effect.tree
                    && seen.current.is_some_and(|(claim, _)| self.is_alive(claim))
            });
            if running {
                let detail = format!("tree {} still runs", effect.tree);
                let execution = Some(effect.key.execution);
                return self.violate("R8", "undo_after_the_runs", execution, detail);
            }
        }
    }

    /// An undo happens out there.
    pub(in crate::protocol::simulation) fn undoes(
        &mut self,
        effect: &Effect,
        outside: &Outside,
        store: &Store,
    ) {
        let key = effect.key;
        let (id, index) = (Some(key.execution), key.index);
        let known = outside.known(key);
        if !known.applied {
            let detail = format!("call {index} is undone, which never happened");
            return self.violate("R3", "probe_before_undo", id, detail);
        }
        if known.undone {
            return;
        }
        // An undo that was on its way when its tree was fenced is one of those before the fence.
        if self.handed_alone.contains(&key) {
            self.undone_alone(effect, store);
            return;
        }
        if let Some(later) = self.standing_after(key, outside) {
            let detail = format!("call {index} is undone before {later:?}, which follows from it");
            self.violate("G8", "undo_order", id, detail);
        }
    }

    /// Whether the run ended because it did not hand in what it owed (P-05): what it did is undone.
    fn is_unaccounted(&self, id: ExecutionId) -> bool {
        self.outcomes.get(&id) == Some(&Phase::Refused { code: RefusalCode::Audit })
    }

    /// Outside a fence only what an earlier attempt left behind is undone, and what nobody accounts for.
    fn undone_alone(&mut self, effect: &Effect, store: &Store) {
        let id = effect.key.execution;
        let Some(Row::Effect(row)) = store.get(&Key::Effect(effect.key)) else {
            return;
        };
        let newest = self.newest_started(id);
        if self.is_unaccounted(newest) {
            return;
        }
        let seen = self.executions.get(&newest);
        if seen.is_some_and(|seen| row.attempt >= seen.attempts) {
            let detail = format!("call {} of the attempt that counts is undone", row.key.index);
            self.violate("G8", "undo_of_standing", Some(id), detail);
        }
    }

    /// A call that happened, was not undone, and follows from this one.
    pub(super) fn standing_after(&self, key: EffectKey, outside: &Outside) -> Option<EffectKey> {
        let made = self.effects.get(&key)?;
        let mut later = self.effects.iter().filter(|(other, it)| {
            it.order > made.order
                && it.tree == made.tree
                && it.can_undo()
                && **other != key
                && !self.is_accepted(**other)
        });
        let later = later.find(|(other, _)| {
            let known = outside.known(**other);
            known.applied && !known.undone && self.follows(other.execution, key.execution)
        });
        later.map(|(other, _)| *other)
    }

    /// Whether an execution is another one, or follows from it: by causation, as its replay, or because
    /// a precedence rule put it after what opened the account in its tree (R8).
    fn follows(&self, later: ExecutionId, earlier: ExecutionId) -> bool {
        let (mut open, mut seen) = (vec![later], BTreeSet::new());
        while let Some(execution) = open.pop() {
            if execution == earlier {
                return true;
            }
            if !seen.insert(execution) {
                continue;
            }
            let known = self.executions.get(&execution);
            let event = known.and_then(|it| self.events.get(&it.event));
            match self.replays.get(&execution) {
                Some((letter, _)) => open.push(*letter),
                None => open.extend(event.and_then(|it| it.origin)),
            }
            if let Some(event) = event.filter(|it| it.event.ty() == "Close") {
                let account = event.body["account"].to_string();
                open.extend(self.opened.get(&account).into_iter().flatten());
            }
        }
        false
    }

    /// What must have become of every call once nothing moves any more.
    pub(super) fn final_effects(&mut self, outside: &Outside, store: &Store) {
        let keys: Vec<EffectKey> = self.effects.keys().copied().collect();
        for key in keys {
            let (Some(Row::Effect(row)), Some(made)) =
                (store.get(&Key::Effect(key)), self.effects.get(&key))
            else {
                continue;
            };
            let id = Some(key.execution);
            if row.state == EffectState::Registered {
                let detail = format!("call {} is still open", key.index);
                self.violate("R3", "nothing_left_registered", id, detail);
                continue;
            }
            let known = outside.known(key);
            let fenced = self.fenced.contains(&made.tree);
            let newest = self.newest_started(key.execution);
            let attempts = self.executions.get(&newest).map_or(0, |it| it.attempts);
            let finished = self.outcomes.get(&newest) == Some(&Phase::Finished);
            let unaccounted = self.is_unaccounted(newest);
            let orphan = finished && row.attempt < attempts;
            let owed = made.can_undo() && (fenced || orphan || unaccounted);
            let excused = row.state == EffectState::Quarantined
                || self.is_accepted(key)
                || self.is_held(key, store);
            if owed && known.applied && !known.undone && !excused {
                let detail =
                    format!("call {} of {} stands as {:?}", key.index, row.tool, row.state);
                let (rule, check) = match (fenced, unaccounted) {
                    (true, _) => ("G8", "fence_undoes_all"),
                    (false, true) => ("P-05", "unaccounted_is_undone"),
                    (false, false) => ("R3", "orphans_are_undone"),
                };
                self.violate(rule, check, id, detail);
            }
            if row.state == EffectState::Compensated && known.applied && !known.undone {
                let detail = format!("call {} is not undone", key.index);
                self.violate("G8", "undone_means_undone", id, detail);
            }
        }
    }

    /// Whether something that follows from a call could not be undone, so that it has to stay.
    fn is_held(&self, key: EffectKey, store: &Store) -> bool {
        self.effects.keys().any(|other| {
            let quarantined = matches!(store.get(&Key::Effect(*other)),
                Some(Row::Effect(it)) if it.state == EffectState::Quarantined);
            quarantined
                && self.effects[other].order > self.effects[&key].order
                && self.follows(other.execution, key.execution)
        })
    }
}
