//! Quarantine: letters hold what was received and why, and only entitled people let anything out of it,
//! once (T6, R1).

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD as BASE64;

use super::{Oracle, Part};
use crate::audit::stamp::Fact;
use crate::protocol::id::ExecutionId;
use crate::protocol::input::{ReviewAct, Reviewed};
use crate::protocol::row::{DeadLetter, Fate, Key, Original, Row};
use crate::protocol::simulation::broker::Message;
use crate::protocol::simulation::script::name;
use crate::protocol::simulation::store::Store;

/// Who may decide about dead letters.
const OPERATOR: &str = "olga";

impl Oracle {
    /// T6: nothing of what the broker handed over is missing, and no attempt is.
    pub(super) fn letter(&mut self, before: Option<&DeadLetter>, after: &DeadLetter) {
        let id = Some(after.execution);
        if let Some(before) = before {
            if before.fate != Fate::Waiting || after.fate == Fate::Waiting {
                let detail = format!("{:?} became {:?}", before.fate, after.fate);
                self.violate("T6", "decided_once", id, detail);
            }
            return;
        }
        let message = self.received.get(&after.original.position);
        if message.is_none_or(|it| original(it) != after.original) {
            let detail = format!("{:?} is not what was received", after.original);
            self.violate("T6", "letter_holds_original", id, detail);
        }
        let failures = self.executions.get(&after.execution).map_or(0, |seen| seen.failures);
        let told = after.attempts.iter().filter(|it| it.worker.is_some()).count();
        if told < failures as usize {
            let detail = format!("{told} attempts are told of {failures}");
            self.violate("T6", "letter_tells_attempts", id, detail);
        }
    }

    /// A decision was taken.
    pub(super) fn reviewed(
        &mut self,
        (letter, act, by): (ExecutionId, ReviewAct, &str),
        reviewed: &Reviewed,
        part: &Part<'_>,
        store: &Store,
    ) {
        let (into, replay) = match reviewed {
            Reviewed::Replayed { execution, replay } => (Some(*execution), *replay),
            Reviewed::Discarded => (None, 0),
            Reviewed::UnknownLetter
            | Reviewed::Already(_)
            | Reviewed::NotEntitled { .. }
            | Reviewed::NotReplayable { .. } => {
                if !part.changes.is_empty() || !part.stamps.is_empty() {
                    let detail = format!("{act:?} was not taken and left something").to_owned();
                    self.violate("R9", "refused_input_wrote", Some(letter), detail);
                }
                return;
            }
        };
        if by != OPERATOR {
            let detail = format!("{by} is not entitled to {act:?}");
            self.violate("R1", "replay_is_authorised", Some(letter), detail);
        }
        let stamped = part.stamps.iter().any(|stamp| {
            stamp.execution == Some(letter)
                && match &stamp.fact {
                    Fact::Replayed { into: told, by: who, .. } => Some(*told) == into && who == by,
                    Fact::Discarded { by: who, .. } => into.is_none() && who == by,
                    _ => false,
                }
        });
        if !stamped {
            let detail = format!("{act:?} has no stamp");
            self.violate("R1", "replay_is_stamped", Some(letter), detail);
        }
        if let Some(earlier) = self.decided_letters.insert(letter, into) {
            let detail = format!("{act:?} after it went into {earlier:?}");
            self.violate("R1", "replay_once", Some(letter), detail);
        }
        if let Some(into) = into {
            self.raised(letter, into, replay, store);
        }
    }

    /// R1: the identity of a replay is that of its letter, with the next number.
    fn raised(&mut self, letter: ExecutionId, into: ExecutionId, replay: u32, store: &Store) {
        let Some(Row::Execution(dead)) = store.get(&Key::Execution(letter)) else {
            let detail = "a letter without execution was replayed".to_owned();
            return self.violate("R1", "replay_number", Some(letter), detail);
        };
        let before = self.replays.get(&letter).map_or(0, |(_, replay)| *replay);
        let event = self.events.get(&dead.event).map(|it| &it.event);
        let expected = event.map(|it| ExecutionId::of(&name(&dead.who.handler), it, before + 1));
        if replay != before + 1 || expected != Some(into) {
            let detail = format!("replay {replay} after replay {before}");
            self.violate("R1", "replay_number", Some(letter), detail);
        }
        self.replays.insert(into, (letter, replay));
    }

    /// The newest of an execution and its replays that has started.
    pub(super) fn newest_started(&self, id: ExecutionId) -> ExecutionId {
        let mut at = id;
        while let Some(Some(next)) = self.decided_letters.get(&at)
            && self.executions.contains_key(next)
        {
            at = *next;
        }
        at
    }

    /// What was replayed came to an outcome of its own.
    pub(super) fn replays_ended(&mut self, store: &Store) {
        for into in self.replays.keys().copied().collect::<Vec<_>>() {
            let ended = matches!(store.get(&Key::Execution(into)),
                Some(Row::Execution(it)) if it.phase.is_outcome());
            if !ended {
                let detail = "it was replayed and never ended".to_owned();
                self.violate("R1", "replay_ends", Some(into), detail);
            }
        }
    }
}

fn original(message: &Message) -> Original {
    let place = message.position.to_string();
    Original {
        topic: message.topic.clone(),
        key: message.key.as_ref().map(|key| BASE64.encode(key)),
        headers: vec![("place".to_owned(), BASE64.encode(&place))],
        position: place,
        payload: message.payload.clone(),
    }
}
