//! Contracts proposed from what a ledger saw handlers do, best in mode observe, where nothing that a
//! contract forgot is refused.
//!
//! What grants something (events, tools and their levels, depth, fan-out) is proposed as far as stamps
//! show it and no further. What only binds (mission, ordering, approvals, coherence, …) is that of the
//! declared contract: a rule is not dropped because it was broken.

mod events;
mod handler;
mod seen;
#[cfg(test)]
mod tests;
mod text;

use std::collections::BTreeMap;

use self::events::Fitted;
use crate::contract::{ContractErrors, Contracts, HandlerContract, Primitive, Principal};
use crate::ledger::{LedgerError, Reader};

pub use handler::Proposed;
pub use seen::{Most, Seen, Sight, ToolUse};

/// Proposed contracts of handlers, and the set that they make with what else is declared.
#[derive(Debug)]
pub struct Proposal {
    proposed: BTreeMap<String, Proposed>,
    /// Every handler that was seen, whether or not it was asked for.
    saw: Vec<String>,
    /// Handlers that are declared and for which nothing is proposed.
    kept: BTreeMap<String, HandlerContract>,
    events: Vec<Fitted>,
    principals: Vec<Principal>,
}

impl Proposal {
    /// Reads a ledger and proposes a contract for each handler that it saw run, or for one of them.
    /// `contracts` are those that are declared. `tell` hears how many stamps were read.
    ///
    /// What the log says is believed: [verify](crate::ledger::verify) it first, or whoever can write to
    /// its file can have a grant proposed.
    ///
    /// # Errors
    /// [`LedgerError`] if the ledger cannot be read.
    pub fn read(
        reader: &Reader,
        contracts: &Contracts,
        only: Option<&str>,
        tell: &mut dyn FnMut(u64),
    ) -> Result<Self, LedgerError> {
        let seen = seen::read(reader, tell)?;
        let saw = seen.keys().cloned().collect();
        let wanted = seen.into_iter().filter(|(name, _)| only.is_none_or(|only| only == name));
        let proposed: BTreeMap<_, _> = wanted
            .map(|(name, seen)| {
                let demands_done = seen.consumed.keys().any(|it| wants_scope(contracts, it));
                let declared = contracts.handler(&name);
                let proposed = handler::propose(&name, seen, declared, demands_done);
                (name, proposed)
            })
            .collect();
        let kept: BTreeMap<_, _> = contracts
            .handlers()
            .filter(|it| !proposed.contains_key(&it.name))
            .map(|it| (it.name.clone(), it.clone()))
            .collect();
        let now = proposed.iter().map(|(name, it)| (name.as_str(), &it.contract));
        let handlers: BTreeMap<_, _> =
            now.chain(kept.iter().map(|(name, it)| (name.as_str(), it))).collect();
        let events = events::fit(contracts, &handlers);
        let principals = contracts.principals().cloned().collect();
        Ok(Self { proposed, saw, kept, events, principals })
    }

    /// What is proposed, by handler.
    pub fn handlers(&self) -> &BTreeMap<String, Proposed> {
        &self.proposed
    }

    /// The handlers that the ledger saw run, in order of their names.
    pub fn saw(&self) -> &[String] {
        &self.saw
    }

    /// The proposed contracts and what else is declared, as one set.
    ///
    /// # Errors
    /// What stands in its way: a proposal can only be as whole as what was seen.
    pub fn contracts(&self) -> Result<Contracts, ContractErrors> {
        let mut builder = Contracts::builder();
        for event in self.events.iter().filter(|it| !it.is_idle) {
            builder = builder.event(event.contract.clone());
        }
        for proposed in self.proposed.values() {
            builder = builder.handler(proposed.contract.clone());
        }
        for handler in self.kept.values() {
            builder = builder.handler(handler.clone());
        }
        for principal in &self.principals {
            builder = builder.principal(principal.clone());
        }
        builder.build()
    }
}

/// Whether each consumer of an event type has to say what completes its mission.
fn wants_scope(contracts: &Contracts, event_type: &str) -> bool {
    let event = contracts.event(event_type);
    event.is_some_and(|it| it.must_use.contains(&Primitive::ScopeLock))
}
