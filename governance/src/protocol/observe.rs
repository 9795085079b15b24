//! Observe: the same engines judge, and what they would refuse is stamped, kept for people, and happens
//! all the same.
//!
//! What keeps the ledger true is enforced in both modes: what does not decode, provenance (R12),
//! identities (R1), fences of trees (R8), halts (R13), leases and late results (R2), what earlier
//! attempts left behind (R3), the order of lanes (T3), the end of retries (T6) and the bounds of the
//! ledger. So are a person's answer to a plan, and what a handler refuses itself.

use super::input::Objection;
use super::row::{Execution, RefusalCode, WouldRefuse};
use super::settings::Mode;
use super::state::{Result, State};
use crate::audit::stamp::Fact;

/// What is kept of one execution; the stamps tell all.
const KEPT_MAX: usize = 32;

/// The code for a body that does not obey its type's schema.
pub(super) const SCHEMA: &str = "schema_mismatch";
/// The code for an event past its expiry.
pub(super) const EXPIRED: &str = "expired";

impl Objection {
    /// An objection of a primitive or rule.
    pub(super) fn of(code: RefusalCode, about: &str, detail: String) -> Self {
        Self { code: code.as_str(), about: about.to_owned(), detail }
    }
}

/// The objection, if it stands in the way. In observe it is taken down, and the checks go on.
pub(super) fn upheld(
    state: &State<'_>,
    taken_down: &mut Vec<Objection>,
    objection: Objection,
) -> Option<Objection> {
    match state.settings.mode {
        Mode::Enforce => Some(objection),
        Mode::Observe => {
            taken_down.push(objection);
            None
        }
    }
}

/// Stamps what would have been refused and keeps its reason with the execution, which the caller saves.
pub(super) fn note(
    state: &mut State<'_>,
    execution: &mut Execution,
    attempt: u32,
    objections: Vec<Objection>,
) -> Result<()> {
    for Objection { code, about, detail } in objections {
        let handler = execution.who.handler.clone();
        state.stamp(execution, Fact::WouldRefuse { handler, code, about: about.clone() })?;
        if execution.would_refuse.len() < KEPT_MAX {
            let (at_millis, code) = (state.now, code.to_owned());
            execution.would_refuse.push(WouldRefuse { attempt, at_millis, code, about, detail });
        }
    }
    Ok(())
}
