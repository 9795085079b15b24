//! Reads `failure_mode` and `rollback`, which events and handlers share.

use super::problems::Problems;
use super::section::{Fields, Section};
use crate::contract::failure::{
    FailureMode, KeyAfterFailure, Rollback, RollbackKind, RollbackLimits,
};

const FAILURE_MODE: Fields = Fields { known: &["retry", "then", "key"], not_yet: &[] };
const ROLLBACK: Fields = Fields { known: &["kind", "within", "authority"], not_yet: &[] };
const ROLLBACK_LIMITS: Fields = Fields { known: &["within", "authority"], not_yet: &[] };

const KEYS: [(&str, KeyAfterFailure); 2] =
    [("continue", KeyAfterFailure::Continue), ("hold", KeyAfterFailure::Hold)];
const KINDS: [(&str, RollbackKind); 4] = [
    ("compensatable", RollbackKind::Compensatable),
    ("retriable", RollbackKind::Retriable),
    ("pivot", RollbackKind::Pivot),
    ("irreversible", RollbackKind::Irreversible),
];

/// The `failure_mode` of a document; fields that are left out keep their default.
pub(super) fn failure_mode(of: &Section<'_>, problems: &mut Problems) -> Option<FailureMode> {
    let section = of.section("failure_mode", &FAILURE_MODE, problems)?;
    let default = FailureMode::default();
    section.word("then", &[("dead_letter", ())], &[], problems);
    Some(FailureMode {
        retry: section.durations("retry", problems).unwrap_or(default.retry),
        key: section.word("key", &KEYS, &[], problems).unwrap_or(default.key),
    })
}

/// The `rollback` of an event.
pub(super) fn rollback(of: &Section<'_>, problems: &mut Problems) -> Option<Rollback> {
    let section = of.section("rollback", &ROLLBACK, problems)?;
    section.require(ROLLBACK.known, problems);
    let kind = section.word("kind", &KINDS, &[], problems);
    let limits = limits(&section, problems);
    Some(Rollback { kind: kind?, limits: limits? })
}

/// The `rollback` of a handler.
pub(super) fn rollback_limits(of: &Section<'_>, problems: &mut Problems) -> Option<RollbackLimits> {
    let section = of.section("rollback", &ROLLBACK_LIMITS, problems)?;
    section.require(ROLLBACK_LIMITS.known, problems);
    limits(&section, problems)
}

fn limits(section: &Section<'_>, problems: &mut Problems) -> Option<RollbackLimits> {
    let within = section.duration("within", problems);
    let authority = section.text("authority", problems);
    Some(RollbackLimits { within: within?, authority: authority? })
}
