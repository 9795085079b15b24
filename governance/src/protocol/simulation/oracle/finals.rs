//! What must be true once the world is at rest (G3, G8, T1, T6, R5, R12).

use super::{Forgery, Oracle};
use crate::protocol::id::{EventKey, ExecutionId};
use crate::protocol::row::EffectState;
use crate::protocol::row::{Fence, FenceState, Key, OutboxState, Phase, RefusalCode, Row};
use crate::protocol::simulation::outside::Outside;
use crate::protocol::simulation::script::name;
use crate::protocol::simulation::store::{EFFECT, EXECUTION, FENCE, OUTBOX, Store};
use crate::protocol::simulation::world::HANDLERS;

impl Oracle {
    pub(in crate::protocol::simulation) fn at_rest(&mut self, outside: &Outside, store: &Store) {
        self.nothing_lost(store);
        self.forgeries_filed(store);
        self.outputs_left(store);
        self.final_effects(outside, store);
        self.fences_closed(store);
        self.replays_ended(store);
        for row in store.rows(EXECUTION) {
            if let Row::Execution(it) = row
                && !it.phase.is_outcome()
            {
                let detail = format!("{} is left as {:?}", it.who.handler, it.phase);
                self.violate("T1", "nothing_lost", Some(it.id), detail);
            }
        }
    }

    fn nothing_lost(&mut self, store: &Store) {
        let delivered: Vec<EventKey> = self.positions.keys().copied().collect();
        for key in delivered {
            let Some(genuine) = self.events.get(&key) else {
                continue;
            };
            let event = genuine.event.clone();
            for (handler, topics) in HANDLERS {
                if !topics.contains(&event.ty()) {
                    continue;
                }
                let id = ExecutionId::of(&name(handler), &event, 0);
                match store.get(&Key::Execution(id)) {
                    Some(Row::Execution(it)) => {
                        let suppressed = matches!(
                            it.phase,
                            Phase::Refused {
                                code: RefusalCode::Unrecorded | RefusalCode::IdentityConflict,
                            }
                        );
                        if suppressed {
                            let detail = format!("{handler} took {} for forged", event.id());
                            self.violate("R12", "nobody_suppresses", Some(id), detail);
                        }
                    }
                    _ => {
                        let detail = format!("{handler} never saw {}", event.id());
                        self.violate("T1", "nothing_lost", Some(id), detail);
                    }
                }
            }
        }
    }

    /// T6: what could not be admitted is in quarantine, under its place and not under its claim.
    fn forgeries_filed(&mut self, store: &Store) {
        for forgery in self.forgeries.clone() {
            let Forgery { position, topic, digest, claims } = &forgery;
            let (rule, check) = match claims {
                None => ("T6", "poison_is_visible"),
                Some(key) if self.events.contains_key(key) => ("R1", "conflicts_are_filed"),
                Some(_) => ("R12", "forgeries_are_filed"),
            };
            for (handler, topics) in HANDLERS {
                if !topics.contains(&topic.as_str()) {
                    continue;
                }
                let id = ExecutionId::unclaimed(&name(handler), &position.to_string(), digest);
                if store.get(&Key::DeadLetter(id)).is_none() {
                    let detail = format!("the forgery at {position} is nowhere");
                    self.violate(rule, check, Some(id), detail);
                }
            }
        }
    }

    /// G3: on the broker is what was recorded, without what was withheld or refused for good.
    fn outputs_left(&mut self, store: &Store) {
        for row in store.rows(OUTBOX) {
            let Row::Outbox(row) = row else { continue };
            let left = self.relayed.contains_key(&row.event);
            let right = match row.state {
                OutboxState::Published => left,
                OutboxState::Withheld | OutboxState::Undeliverable => !left,
                OutboxState::Unpublished | OutboxState::Publishing => false,
            };
            if !right {
                let detail =
                    format!("row {} is {:?}; on the broker: {left}", row.sequence, row.state);
                self.violate("G3", "broker_has_what_is_recorded", row.cause, detail);
            }
        }
    }

    fn fences_closed(&mut self, store: &Store) {
        let fences: Vec<&Fence> = store
            .rows(FENCE)
            .filter_map(|row| match row {
                Row::Fence(fence) => Some(fence),
                _ => None,
            })
            .collect();
        for tree in self.fenced.clone() {
            let quarantined = store.rows(EFFECT).any(|row| {
                matches!(row, Row::Effect(it) if it.tree == tree && it.state == EffectState::Quarantined)
            });
            let wanted = if quarantined { FenceState::Stuck } else { FenceState::Closed };
            let found = fences.iter().find(|it| it.tree == tree).map(|it| it.state);
            if found != Some(wanted) {
                let detail = format!("tree {tree} is {found:?} and not {wanted:?}");
                self.violate("G8", "fence_closes", None, detail);
            }
        }
    }
}
