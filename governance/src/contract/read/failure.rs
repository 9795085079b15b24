//! Reads `failure_mode`, which events and handlers share, and `rollback`.

use super::problems::Problems;
use super::section::{Fields, Section};
use crate::contract::failure::{FailureMode, KeyAfterFailure, Rollback, RollbackKind};

const FAILURE_MODE: Fields = Fields { known: &["retry", "then", "key"], not_yet: &[] };
const ROLLBACK: Fields = Fields { known: &["kind"], not_yet: &["within", "authority"] };

const KEYS: [(&str, KeyAfterFailure); 2] =
    [("continue", KeyAfterFailure::Continue), ("hold", KeyAfterFailure::Hold)];
const KINDS: [(&str, RollbackKind); 2] =
    [("compensatable", RollbackKind::Compensatable), ("irreversible", RollbackKind::Irreversible)];

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
    let kind = section.word("kind", &KINDS, &["retriable", "pivot"], problems)?;
    Some(Rollback { kind })
}
