//! What tools change: the recorder that knows what really happened, whatever the ledger says.

use std::collections::BTreeMap;

use super::random::Random;
use crate::protocol::input::{Report, UndoOutcome};
use crate::protocol::row::EffectKey;

/// What became of one idempotency key out there.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Known {
    pub(super) applied: bool,
    pub(super) undone: bool,
    /// Somebody looked or undid before it happened: it is refused from then on.
    tombstone: bool,
    /// Undoing it fails each time.
    stubborn: bool,
}

/// All calls by idempotency key.
#[derive(Debug, Default)]
pub(super) struct Outside {
    calls: BTreeMap<EffectKey, Known>,
}

impl Outside {
    pub(super) fn known(&self, key: EffectKey) -> Known {
        self.calls.get(&key).copied().unwrap_or_default()
    }

    /// Calls a tool; what comes back is not always what happened.
    pub(super) fn call(&mut self, key: EffectKey, random: &mut Random, calm: bool) -> Report {
        let known = self.calls.entry(key).or_default();
        if known.tombstone {
            return Report::Void;
        }
        let luck = if calm { 0 } else { random.below(100) };
        let (applied, report) = match luck {
            0..=82 => (true, Report::Applied("{}".to_owned())),
            83..=88 => (true, Report::Unknown),
            89..=93 => (false, Report::Unknown),
            _ => (false, Report::Void),
        };
        known.applied |= applied;
        known.stubborn = !calm && random.chance(40);
        report
    }

    pub(super) fn probe(&mut self, key: EffectKey, random: &mut Random, calm: bool) -> Report {
        if !calm && random.chance(40) {
            return Report::Undecidable;
        }
        let known = self.calls.entry(key).or_default();
        if known.applied {
            return Report::Applied("{}".to_owned());
        }
        known.tombstone = true;
        Report::Void
    }

    /// A person undoes it, whatever the tool says.
    pub(super) fn undo_by_hand(&mut self, key: EffectKey) {
        let known = self.calls.entry(key).or_default();
        known.undone |= known.applied;
        known.tombstone = true;
    }

    pub(super) fn undo(&mut self, key: EffectKey, random: &mut Random, calm: bool) -> UndoOutcome {
        let known = self.calls.entry(key).or_default();
        if known.stubborn || (!calm && random.chance(100)) {
            return UndoOutcome::Failed;
        }
        known.undone |= known.applied;
        known.tombstone = true;
        UndoOutcome::Undone
    }
}
