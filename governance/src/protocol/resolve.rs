//! An effect in quarantine is resolved by a person who is entitled, once, and that is stamped. The
//! rollback that it held up goes on (R8).

use super::input::Resolved;
use super::review::not_entitled;
use super::row::{Effect, EffectKey, EffectState, Fence, FenceState, Resolution, Row};
use super::state::{Result, State};
use crate::audit::stamp::Fact;

/// Takes a decision. The caller has verified that `by` signed it.
pub(super) fn resolve(
    state: &mut State<'_>,
    key: EffectKey,
    resolution: Resolution,
    by: String,
    signature: String,
) -> Result<Resolved> {
    let Some(effect) = state.effect(key)? else {
        return Ok(Resolved::UnknownEffect);
    };
    if let Some(detail) = not_entitled(state, &by) {
        return Ok(Resolved::NotEntitled { detail });
    }
    match effect.state {
        EffectState::Quarantined => {}
        EffectState::Resolved { resolution, by, .. } => {
            return Ok(Resolved::Already { resolution, by });
        }
        EffectState::Registered
        | EffectState::Applied
        | EffectState::Void
        | EffectState::Unknown
        | EffectState::Pending { .. }
        | EffectState::Compensating { .. }
        | EffectState::Compensated => return Ok(Resolved::NotQuarantined),
    }
    let (index, tree) = (key.index, effect.tree.clone());
    let fact = Fact::Resolved { index, resolution, by: by.clone() };
    state.append(Some(key.execution), Some(tree.clone()), fact)?;
    let at_millis = state.now;
    let next = EffectState::Resolved { resolution, by, signature };
    state.rows.save(Row::Effect(Effect { state: next, at_millis, ..effect }))?;
    // What waited for it is handed out now, or the tree closes; with another in quarantine it is stuck
    // again.
    if let Some(fence) = state.fence(tree)?
        && fence.state == FenceState::Stuck
    {
        state.rows.save(Row::Fence(Fence { state: FenceState::Open, ..fence }))?;
    }
    Ok(Resolved::Taken)
}
