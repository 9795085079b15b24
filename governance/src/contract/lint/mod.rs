//! Looks at a checked set as a whole: what can never run, what nobody hears, what can go round.

mod flow;
mod graph;

use super::contracts::Contracts;
use super::finding::Finding;

impl Contracts {
    /// Everything that is doubtful about a set that passed every check, and what in it can never
    /// work although each contract by itself can; by file and line. Pure.
    ///
    /// A producer without a contract may be a handler of another set: what hangs on it is not
    /// called unreachable.
    pub fn lint(&self) -> Vec<Finding> {
        let mut findings = self.warnings.clone();
        flow::check(self, &mut findings);
        findings.sort_by_key(|finding| finding.place.sort_key());
        findings
    }
}
