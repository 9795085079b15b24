//! Reads `failure_mode`, which events and handlers share, and `rollback`.

use super::problems::Problems;
use super::section::{Fields, Section, Words};
use crate::contract::failure::{FailureMode, KeyAfterFailure, Rollback, RollbackKind};

pub(super) const FAILURE_MODE: Fields =
    Fields { known: &["retry", "then", "key"], required: &[], not_yet: &[] };
pub(super) const ROLLBACK: Fields =
    Fields { known: &["kind"], required: &["kind"], not_yet: &["within", "authority"] };

pub(super) const ENDS: Words<()> = Words { known: &[("dead_letter", ())], not_yet: &[] };
pub(super) const KEYS: Words<KeyAfterFailure> =
    Words { known: &[("continue", KeyAfterFailure::Continue)], not_yet: &["hold"] };
pub(super) const KINDS: Words<RollbackKind> = Words {
    known: &[
        ("compensatable", RollbackKind::Compensatable),
        ("irreversible", RollbackKind::Irreversible),
    ],
    not_yet: &["retriable", "pivot"],
};

/// The `failure_mode` of a document; fields that are left out keep their default.
pub(super) fn failure_mode(of: &Section<'_>, problems: &mut Problems) -> Option<FailureMode> {
    let section = of.section("failure_mode", &FAILURE_MODE, problems)?;
    let default = FailureMode::default();
    section.word("then", &ENDS, problems);
    Some(FailureMode {
        retry: section.durations("retry", problems).unwrap_or(default.retry),
        key: section.word("key", &KEYS, problems).unwrap_or(default.key),
    })
}

/// The `rollback` of an event.
pub(super) fn rollback(of: &Section<'_>, problems: &mut Problems) -> Option<Rollback> {
    let section = of.section("rollback", &ROLLBACK, problems)?;
    let kind = section.word("kind", &KINDS, problems)?;
    Some(Rollback { kind })
}
