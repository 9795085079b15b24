//! Whether a tree has come to rest, and what is still open if not.

use std::collections::HashSet;

use crate::contract::Contracts;
use crate::ledger::{LedgerError, OpenWork, Reader};

/// What of a tree is still open. A tree is settled when every recorded event has an outcome for each
/// of these handlers that consumes its type, and no outbox row, park, effect or fence is open.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Open {
    /// Events that a handler has not come to an outcome on: type and handler.
    pub unhandled: Vec<(String, String)>,
    /// What the ledger counts.
    pub work: OpenWork,
}

impl Open {
    /// Whether nothing is.
    pub fn is_settled(&self) -> bool {
        self.unhandled.is_empty() && self.work.is_none()
    }
}

/// What of a tree is still open for these handlers.
///
/// # Errors
/// [`LedgerError`] if the ledger cannot be read.
pub fn open_in(
    reader: &Reader,
    contracts: &Contracts,
    handlers: &[&str],
    tree: &str,
) -> Result<Open, LedgerError> {
    let executions = reader.executions_in(tree)?;
    let done: HashSet<_> = executions
        .iter()
        .filter(|it| it.phase.is_outcome())
        .map(|it| (it.event, it.who.handler.as_str()))
        .collect();
    let mut unhandled = Vec::new();
    for event in reader.recorded_in(tree)? {
        for contract in contracts.consumers(&event.event_type) {
            let name = contract.name.as_str();
            if handlers.contains(&name) && !done.contains(&(event.key, name)) {
                unhandled.push((event.event_type.clone(), name.to_owned()));
            }
        }
    }
    Ok(Open { unhandled, work: reader.open_work(Some(tree))? })
}
