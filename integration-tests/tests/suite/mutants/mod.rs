//! Mutants.
use libtest_mimic::Trial;
pub(crate) fn trials(_: u64) -> Vec<Trial> {
    Vec::new()
}
