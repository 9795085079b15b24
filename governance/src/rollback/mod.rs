//! P-06 Rollback Covenant: planning a tree's undoing, and doing it.

mod engine;
mod plan;
#[cfg(test)]
mod tests;

pub(crate) use engine::run as run_engine;
pub use engine::undo;
pub use plan::{Compensation, PlannedUndo, Rollback, TOOL, plan};
