//! R6: what can go on is woken, not found by its deadline.

use super::Oracle;
use crate::protocol::row::{Decision, Key, ParkReason, Parked, Row};
use crate::protocol::simulation::store::Store;

impl Oracle {
    /// Nothing is left to do now: whoever still waits must have something to wait for.
    pub(in crate::protocol::simulation) fn check_waits(&mut self, store: &Store) {
        let waiting = store.parked().filter(|it| it.due_millis > self.now && it.claim.is_none());
        let missed: Vec<(Parked, &str)> = waiting
            .filter_map(|parked| Some((parked.clone(), self.missed(parked, store)?)))
            .collect();
        for (parked, why) in missed {
            self.violate("R6", "woken_in_time", Some(parked.execution), why.to_owned());
        }
    }

    fn missed(&self, parked: &Parked, store: &Store) -> Option<&'static str> {
        match &parked.reason {
            ParkReason::Retry | ParkReason::Replay { .. } => None,
            ParkReason::Approval { plan } => match store.get(&Key::Plan(*plan)) {
                Some(Row::Plan(plan)) if plan.decision == Decision::Pending => None,
                _ => Some("its plan is decided"),
            },
            ParkReason::Behind => {
                let before = store.parked().any(|it| {
                    it.lane == parked.lane
                        && (it.sequence < parked.sequence || it.claim.is_some())
                        && !matches!(it.reason, ParkReason::Order { .. })
                });
                (!before).then_some("nothing of its lane is before it")
            }
            ParkReason::Order { .. } => self.satisfied(parked),
        }
    }

    fn satisfied(&self, parked: &Parked) -> Option<&'static str> {
        let event = wingman_core::event::CloudEvent::from_json(&parked.message).ok()?;
        match parked.handler.as_str() {
            "clerk" => {
                let account = super::body(&event)["account"].to_string();
                self.is_open(&account).then_some("its account is open")
            }
            "sequencer" => {
                let stream = super::body(&event)["stream"].to_string();
                let number: u64 = event.extension("sequence")?.parse().ok()?;
                let ended = |number: u64| {
                    let of = self.numbers.get(&(stream.clone(), number));
                    of.is_some_and(|it| it.iter().any(|it| self.outcomes.contains_key(it)))
                };
                // Another event with its number, that runs, may still fail to end.
                let twin_runs = self.numbers.get(&(stream.clone(), number)).is_some_and(|it| {
                    it.iter().any(|id| {
                        *id != parked.execution
                            && self.executions.contains_key(id)
                            && !self.outcomes.contains_key(id)
                    })
                });
                let free = (1..number).all(ended) && !twin_runs;
                free.then_some("all numbers before it have ended")
            }
            _ => None,
        }
    }
}
