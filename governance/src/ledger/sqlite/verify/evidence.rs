//! Whether what executions handed in is what their stamps commit to (P-05).

use rusqlite::Connection;

use crate::ledger::sqlite::statement::{all, decode, sql};
use crate::ledger::{Check, LedgerError, Verification};
use crate::protocol::row::Evidence;

/// Rows that one query reads.
const PAGE: i64 = 256;

/// Compares every row with the stamp of its execution's outcome.
pub(super) fn check(at: &Connection, found: &mut Verification) -> Result<(), LedgerError> {
    let mut last = 0;
    loop {
        let page = all(at, sql!("verify/evidence"), [last, PAGE], |row| {
            let stamp: Option<Vec<u8>> = row.get(2)?;
            Ok((decode::<Evidence>(row), row.get::<_, i64>(1)?, stamp))
        })?;
        let Some((_, number, _)) = page.last() else { return Ok(()) };
        last = *number;
        for (evidence, _, stamp) in page {
            let stamp = stamp.unwrap_or_default();
            match evidence {
                Ok(evidence) => compare(&evidence, &String::from_utf8_lossy(&stamp), found),
                Err(error) => found.report(Check::Story, format!("evidence: {error}")),
            }
        }
    }
}

fn compare(evidence: &Evidence, stamp: &str, found: &mut Verification) {
    let line = |name: &str| {
        stamp.lines().find_map(|it| it.strip_prefix(name)?.strip_prefix(' ')).map(str::to_owned)
    };
    let coherence = evidence.coherence_mark().map(|it| it.to_string());
    let artifact = evidence.artifact_mark().map(|it| it.to_string());
    if line("coherence") != coherence || line("artifact") != artifact {
        let execution = evidence.execution;
        let detail = format!("what {execution} handed in is not what its stamp commits to");
        found.report(Check::Story, detail);
    }
}
