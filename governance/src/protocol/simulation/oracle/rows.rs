//! What may become of rows, whoever writes them (G1, G3, R4, R6, R8).

use wingman_core::event::CloudEvent;

use super::{Oracle, Part};
use crate::audit::stamp::Fact;
use crate::protocol::id::EventKey;
use crate::protocol::input::{Input, RunEnding};
use crate::protocol::row::{Execution, OutboxRow, OutboxState, ParkReason, Parked, Phase, Row};
use crate::protocol::simulation::store::Change;

/// The longest that a delivery may wait for an ordering rule, in milliseconds, and some slack.
const ORDER_WAIT_MAX: u64 = 8_000;

impl Oracle {
    pub(super) fn changed(&mut self, change: &Change, input: &Input, part: &Part<'_>) {
        let before = change.before.as_deref();
        match (before, change.after.as_deref()) {
            (Some(Row::Execution(before)), None) => {
                let detail = "its row was removed".to_owned();
                self.violate("G3", "one_outcome", Some(before.id), detail);
            }
            (Some(Row::Execution(before)), Some(Row::Execution(after))) => {
                self.execution(Some(before), after, part);
            }
            (None, Some(Row::Execution(after))) => self.execution(None, after, part),
            (None, Some(Row::Outbox(row))) => self.outbox(row, input, part),
            (Some(Row::Outbox(before)), Some(Row::Outbox(after))) => {
                self.outbox_moved(before, after);
            }
            (before, Some(Row::DeadLetter(after))) => {
                let before = match before {
                    Some(Row::DeadLetter(before)) => Some(before),
                    _ => None,
                };
                self.letter(before, after);
            }
            (before, Some(Row::Parked(after))) => {
                let before = match before {
                    Some(Row::Parked(before)) => Some(before),
                    _ => None,
                };
                self.parked(before, after);
            }
            _ => {}
        }
    }

    fn execution(&mut self, before: Option<&Execution>, after: &Execution, part: &Part<'_>) {
        let id = Some(after.id);
        if let Some(before) = before
            && before.phase.is_outcome()
        {
            if before != after {
                let detail = format!("{:?} became {:?}", before.phase, after.phase);
                self.violate("G3", "one_outcome", id, detail);
            }
            return;
        }
        if !after.phase.is_outcome() {
            return;
        }
        self.outcomes.insert(after.id, after.phase.clone());
        let at = after.stamp.and_then(|it| it.checked_sub(part.first_stamp));
        let stamp = at.and_then(|at| part.stamps.get(usize::try_from(at).ok()?));
        let says = stamp.is_some_and(|stamp| {
            stamp.execution == id && kind(&after.phase) == Some(stamp.fact.kind())
        });
        if !says {
            let detail = format!("{:?} has no stamp of its own in its transaction", after.phase);
            self.violate("R4", "outcome_is_stamped", id, detail);
        }
        self.ended_observed(after);
        self.left(after);
    }

    fn left(&mut self, after: &Execution) {
        let Some(seen) = self.executions.get_mut(&after.id) else {
            return;
        };
        seen.current = None;
        if let Some(lane) = &seen.lane
            && let Some(running) = self.running_lane.get_mut(lane)
        {
            running.remove(&after.id);
        }
        if after.phase == Phase::Finished && seen.handler == "clerk" && after.event_type == "Open" {
            let event = seen.event;
            if let Some(genuine) = self.events.get(&event) {
                let account = genuine.body["account"].to_string();
                self.opened.entry(account).or_default().insert(after.id);
            }
        }
    }

    fn outbox(&mut self, row: &OutboxRow, input: &Input, part: &Part<'_>) {
        let rollback = matches!(input, Input::Conclude(it)
            if matches!(it.ending, RunEnding::Finished { fence: true, .. }));
        if row.exempt && !rollback {
            let detail = format!("row {} is exempt from the fence", row.sequence);
            self.violate("R8", "withheld_in_a_fence", row.cause, detail);
        }
        let open = row.state != OutboxState::Withheld;
        if open && !row.exempt && self.fenced.contains(&row.tree) {
            let detail = format!("row {} was recorded as {:?}", row.sequence, row.state);
            self.violate("R8", "withheld_in_a_fence", row.cause, detail);
        }
        let named = part.stamps.iter().any(|stamp| match &stamp.fact {
            Fact::Finished { outputs, .. } => outputs.0.iter().any(|(key, _)| *key == row.event),
            Fact::Recorded { event, .. } => *event == row.event,
            _ => false,
        });
        if !named {
            let detail = format!("no stamp names row {} of type {}", row.sequence, row.event_type);
            self.violate("G1", "stamp_before_publish", row.cause, detail);
        }
        let Ok(event) = CloudEvent::from_json(&row.message) else {
            return;
        };
        if !self.outputs.insert(EventKey::of(&event)) {
            let detail = format!("{} was recorded twice", event.id());
            self.violate("G3", "outputs_once", row.cause, detail);
        }
        // A refusal is told by the protocol itself; no handler made it.
        if event.id().ends_with("-refusal") {
            self.genuine(&event, row.cause);
        }
    }

    fn outbox_moved(&mut self, before: &OutboxRow, after: &OutboxRow) {
        let ended = match before.state {
            OutboxState::Unpublished | OutboxState::Publishing => false,
            OutboxState::Published | OutboxState::Withheld | OutboxState::Undeliverable => true,
        };
        if ended && before.state != after.state {
            let detail = format!("{:?} became {:?}", before.state, after.state);
            self.violate("G3", "outputs_end_once", after.cause, detail);
        }
        if before.state == OutboxState::Publishing && after.state == OutboxState::Unpublished {
            // From here on a fence holds it back, as if no relay had read it.
            self.handed.remove(&after.sequence);
            if self.relayed.contains_key(&after.event) {
                let detail = format!("row {} is on the broker", after.sequence);
                self.violate("R8", "what_left_is_not_taken_back", after.cause, detail);
            }
        }
        let left = before.state == OutboxState::Publishing && after.state == OutboxState::Withheld;
        if left {
            let detail = format!("row {} may be on the broker already", after.sequence);
            self.violate("G3", "withheld_never_left", after.cause, detail);
        }
    }

    /// R6: every wait has an end.
    fn parked(&mut self, before: Option<&Parked>, after: &Parked) {
        let id = Some(after.execution);
        if after.deadline_millis > self.now + 60_000 {
            let detail = format!("its deadline is {} away", after.deadline_millis - self.now);
            self.violate("R6", "park_has_deadline", id, detail);
        }
        if !matches!(after.reason, ParkReason::Order { .. }) {
            return;
        }
        let since = *self.ordered.entry(after.execution).or_insert(self.now);
        let same = before.is_some_and(|it| it.reason == after.reason);
        if same && after.deadline_millis > since + ORDER_WAIT_MAX && self.now > since {
            let moved = before.is_some_and(|it| it.deadline_millis < after.deadline_millis);
            if moved {
                let detail = "its deadline moved while it waited".to_owned();
                self.violate("R6", "park_has_deadline", id, detail);
            }
        }
    }
}

fn kind(phase: &Phase) -> Option<&'static str> {
    match phase {
        Phase::Finished => Some("finished"),
        Phase::Refused { .. } => Some("refused"),
        Phase::Expired => Some("expired"),
        Phase::DeadLettered { .. } => Some("dead_lettered"),
        Phase::Waiting | Phase::Started { .. } | Phase::Retrying { .. } | Phase::Parked { .. } => {
            None
        }
    }
}
