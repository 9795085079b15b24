//! Effects in quarantine: only entitled people decide about them, once, and that is stamped (G8).

use super::{Oracle, Part};
use crate::audit::stamp::Fact;
use crate::protocol::input::Resolved;
use crate::protocol::row::{EffectKey, EffectState, Resolution, Row};

/// Who may decide.
const OPERATOR: &str = "olga";

impl Oracle {
    /// A decision was asked for.
    pub(super) fn resolved(
        &mut self,
        (key, resolution, by): (EffectKey, Resolution, &str),
        resolved: &Resolved,
        part: &Part<'_>,
    ) {
        let id = Some(key.execution);
        match resolved {
            Resolved::Taken => {}
            Resolved::UnknownEffect
            | Resolved::NotQuarantined
            | Resolved::Already { .. }
            | Resolved::NotEntitled { .. } => {
                if !part.changes.is_empty() || !part.stamps.is_empty() {
                    let detail = format!("{resolution} was not taken and left something");
                    self.violate("R9", "refused_input_wrote", id, detail);
                }
                return;
            }
        }
        if by != OPERATOR {
            let detail = format!("{by} is not entitled to decide");
            self.violate("G8", "resolution_is_authorised", id, detail);
        }
        let stamped = part.stamps.iter().any(|stamp| {
            stamp.execution == id
                && matches!(&stamp.fact, Fact::Resolved { index, resolution: told, by: who }
                    if *index == key.index && *told == resolution && who == by)
        });
        if !stamped {
            let detail = format!("call {} is {resolution} without a stamp", key.index);
            self.violate("G8", "resolution_is_stamped", id, detail);
        }
        let was_quarantined = part.changes.iter().any(|change| {
            matches!(change.before.as_deref(), Some(Row::Effect(it))
                if it.key == key && it.state == EffectState::Quarantined)
        });
        if self.resolutions.insert(key, resolution).is_some() || !was_quarantined {
            let detail = format!("call {} was not in quarantine", key.index);
            self.violate("G8", "resolved_once", id, detail);
        }
    }

    /// Whether a person took a call as it is, so that it stays.
    pub(super) fn is_accepted(&self, key: EffectKey) -> bool {
        self.resolutions.get(&key) == Some(&Resolution::Accepted)
    }
}
