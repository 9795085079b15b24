//! Contracts declared in code; files end in the same builder.

use super::contracts::{Compiled, Contracts};
use super::error::ContractErrors;
use super::event::EventContract;
use super::handler::HandlerContract;
use super::principal::Principal;

/// Collects contracts; [`build`](Self::build) checks them together.
#[derive(Debug, Default)]
pub struct ContractsBuilder {
    events: Vec<EventContract>,
    handlers: Vec<HandlerContract>,
    principals: Vec<Principal>,
}

impl ContractsBuilder {
    /// Adds an event type.
    pub fn event(mut self, contract: EventContract) -> Self {
        self.events.push(contract);
        self
    }

    /// Adds a handler.
    pub fn handler(mut self, contract: HandlerContract) -> Self {
        self.handlers.push(contract);
        self
    }

    /// Adds a principal.
    pub fn principal(mut self, principal: Principal) -> Self {
        self.principals.push(principal);
        self
    }

    /// Checks everything that was added and compiles it.
    ///
    /// # Errors
    ///
    /// All mistakes together.
    pub fn build(self) -> Result<Contracts, ContractErrors> {
        Ok(Contracts {
            events: self
                .events
                .into_iter()
                .map(|contract| {
                    let digest = contract.digest();
                    (contract.event.clone(), Compiled { contract, digest })
                })
                .collect(),
            handlers: self
                .handlers
                .into_iter()
                .map(|contract| {
                    let digest = contract.digest();
                    (contract.name.clone(), Compiled { contract, digest })
                })
                .collect(),
            principals: self
                .principals
                .into_iter()
                .map(|it| (it.name.clone(), it))
                .collect(),
            warnings: Vec::new(),
        })
    }
}
