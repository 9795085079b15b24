//! The end of a run: no more faults, and the world works until nothing is left to do.

use super::oracle::Violation;
use super::store::{EFFECT, FENCE};
use super::worker::{Head, Health};
use super::world::World;
use crate::protocol::row::{EffectState, FenceState, Row};

/// Steps within which the world must have come to rest.
const REST_STEPS_MAX: u64 = 60_000;
/// Time that passes at once when nothing can be done, in milliseconds.
const PAUSE_MILLIS: usize = 150;
/// How long nothing may happen before the world counts as stuck, in milliseconds.
const STUCK_MILLIS: u64 = 20_000;

impl World {
    pub(super) fn come_to_rest(&mut self) -> Result<(), Violation> {
        self.calm = true;
        for worker in &mut self.workers {
            worker.health = Health::Up;
        }
        self.publish_held();
        self.resume_all();
        let end = self.step + REST_STEPS_MAX;
        let mut moved = self.now;
        while self.step < end {
            self.tick(2);
            if self.calm_round() {
                moved = self.now;
            } else {
                self.oracle.check_waits(&self.store);
                self.oracle.verdict()?;
                if self.is_at_rest() {
                    self.oracle.at_rest(&self.outside, &self.store);
                    return self.oracle.verdict();
                }
                if self.now > moved + STUCK_MILLIS {
                    break;
                }
                self.tick(PAUSE_MILLIS);
            }
            self.oracle.verdict()?;
        }
        let left = self.left();
        self.oracle.violate("T1", "comes_to_rest", None, left);
        self.oracle.verdict()
    }

    /// One thing by some worker; false if none has anything to do.
    fn calm_round(&mut self) -> bool {
        let first = self.random.below(self.workers.len());
        let count = self.workers.len();
        (first..first + count).any(|at| {
            let at = at % count;
            self.keep_alive(at);
            self.act(at)
        })
    }

    fn is_at_rest(&self) -> bool {
        let idle = self.workers.iter().all(|worker| {
            worker.runs.is_empty()
                && worker.lanes.is_empty()
                && worker.relay.is_none()
                && worker.undoing.is_empty()
        });
        idle && self.broker.is_empty()
            && !self.store.has_unpublished()
            && self.store.parked().next().is_none()
            && !self.may_undo_later()
    }

    /// Undos that wait for their time. What waits for a person is at rest.
    fn may_undo_later(&self) -> bool {
        let later = self.store.rows(EFFECT).any(|row| match row {
            Row::Effect(effect) => match effect.state {
                EffectState::Pending { due_millis, .. } => due_millis > self.now,
                EffectState::Compensating { .. } => true,
                _ => false,
            },
            _ => false,
        });
        let open = |row: &Row| matches!(row, Row::Fence(it) if it.state == FenceState::Open);
        later || self.store.rows(FENCE).any(open)
    }

    fn left(&self) -> String {
        let mut left = self.broker.left();
        for worker in &self.workers {
            let runs = worker.runs.iter().map(|run| format!("{} {:?}", run.handler, run.stage));
            left.extend(runs);
            let lanes = worker.lanes.iter().filter(|(_, lane)| lane.head != Head::Acking);
            left.extend(
                lanes.map(|(key, lane)| format!("{key:?} {:?} {}", lane.head, lane.queue.len())),
            );
            left.extend(worker.undoing.iter().map(|it| format!("undoing {:?}", it.effect.key)));
        }
        let parked = self.store.parked();
        left.extend(parked.map(|it| {
            format!("parked {} {:?} due {} now {}", it.handler, it.reason, it.due_millis, self.now)
        }));
        for row in self.store.rows(FENCE).chain(self.store.rows(EFFECT)) {
            match row {
                Row::Fence(it) if it.state == FenceState::Open => left.push(format!("{it:?}")),
                Row::Effect(it) if !it.state.is_settled() => left.push(format!(
                    "{} {} {} {:?} {:?}",
                    it.key.execution, it.key.index, it.tree, it.undo, it.state
                )),
                _ => {}
            }
        }
        left.truncate(12);
        left.join("\n  ")
    }
}
