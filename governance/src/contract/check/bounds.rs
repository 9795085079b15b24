//! The bounds of durations and retries.

use std::time::Duration;

use super::Findings;
use crate::contract::duration;
use crate::contract::error::ContractErrorKind::{Invalid, NotEnforcedYet};
use crate::contract::failure::{FailureMode, KeyAfterFailure};
use crate::contract::place::Source;

/// The most retries a failure mode may have.
pub(in crate::contract) const RETRIES_MAX: usize = 32;

/// Judges the durations of a field.
pub(super) fn durations(
    title: &str,
    field: &str,
    values: impl IntoIterator<Item = Duration>,
    source: &Source,
    findings: &mut Findings,
) {
    for value in values.into_iter().filter(|it| !duration::is_in_bounds(*it)) {
        let what = format!("field {field:?} of {title} is {value:?}");
        let remedy = "write whole milliseconds, from 1 ms to 720 h";
        findings.error(Invalid, source.at(field), what, remedy);
    }
}

/// Judges a failure mode.
pub(super) fn retries(title: &str, mode: &FailureMode, source: &Source, findings: &mut Findings) {
    if mode.key == KeyAfterFailure::Hold {
        let what = format!("\"key: hold\" of {title} is not enforced yet");
        findings.error(NotEnforcedYet, source.at("failure_mode.key"), what, "write continue");
    }
    let field = "failure_mode.retry";
    let retries = mode.retry.len();
    if retries > RETRIES_MAX {
        let what = format!("field {field:?} of {title} has {retries} retries");
        findings.error(Invalid, source.at(field), what, format!("write at most {RETRIES_MAX}"));
    }
    durations(title, field, mode.retry.iter().copied(), source, findings);
}
