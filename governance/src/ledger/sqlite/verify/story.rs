//! Whether rows and stamps tell the same story, as far as a few queries can tell.

use rusqlite::Connection;

use crate::ledger::sqlite::statement::{all, sql};
use crate::ledger::{Check, LedgerError, Verification};

/// Each query returns what contradicts the log, in words.
const QUERIES: [&str; 7] = [
    sql!("verify/outcomes_without_stamp"),
    sql!("verify/stamps_without_outcome"),
    sql!("verify/runs_without_start"),
    sql!("verify/running_without_start"),
    sql!("verify/outputs_without_stamp"),
    sql!("verify/effects_without_stamp"),
    sql!("verify/evidence_without_stamp"),
];

/// Contradictions that are read of each query.
const READ_MAX: i64 = 10;

/// Runs every query.
pub(super) fn check(at: &Connection, found: &mut Verification) -> Result<(), LedgerError> {
    for query in QUERIES {
        let contradictions: Vec<String> = all(at, query, [READ_MAX], |row| row.get(0))?;
        for contradiction in contradictions {
            found.report(Check::Story, contradiction);
        }
    }
    Ok(())
}
