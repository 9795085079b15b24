//! The ledger's quarantine, as bus cases look at it.

use wingman_conformance::{GivenUp, Why};
use wingman_governance::ledger::{LedgerError, Reader};
use wingman_governance::protocol::row::{DeadReason, Execution, Phase, RefusalCode};

/// The most that a case leaves behind.
const ALL: usize = 1_000;

/// What was given up of a topic, the oldest first.
pub(super) fn of(reader: &Reader, topic: &str) -> Result<Vec<GivenUp>, LedgerError> {
    let mut letters = Vec::new();
    for letter in reader.dead_letters(ALL)?.into_iter().rev() {
        if letter.original.topic != topic {
            continue;
        }
        let execution = reader.execution(letter.execution)?;
        let why = why(letter.reason, execution.as_ref());
        let failures = execution.map(|it| it.failures).unwrap_or_default();
        let mut reasons: Vec<_> = failures.into_iter().map(|it| it.reason).collect();
        if reasons.is_empty() {
            reasons.push(letter.detail);
        }
        letters.push(GivenUp { why, reasons, payload: letter.original.payload });
    }
    Ok(letters)
}

fn why(reason: DeadReason, execution: Option<&Execution>) -> Why {
    match reason {
        DeadReason::Malformed => Why::Undecodable,
        DeadReason::UnknownType => Why::Unexpected,
        DeadReason::Structural => Why::Structural,
        DeadReason::Exhausted => Why::Exhausted,
        DeadReason::Unclaimed => match execution.map(|it| &it.phase) {
            Some(Phase::Refused { code: RefusalCode::Unrecorded }) => Why::Unrecorded,
            Some(_) | None => Why::Other,
        },
        DeadReason::SchemaMismatch
        | DeadReason::OutputRefused
        | DeadReason::ParkingFull
        | DeadReason::ParkExpired
        | DeadReason::Damaged => Why::Other,
    }
}
