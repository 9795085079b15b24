//! The checked set of contracts, with the look-ups that enforcement needs.

use std::collections::BTreeMap;

use super::builder::ContractsBuilder;
use super::error::ContractWarning;
use super::event::EventContract;
use super::failure::{FailureMode, Rollback};
use super::handler::HandlerContract;
use super::principal::Principal;
use crate::digest::Digest;

/// Contracts that passed every check. Immutable: share it in an [`Arc`](std::sync::Arc).
#[derive(Debug)]
pub struct Contracts {
    pub(super) events: BTreeMap<String, Compiled<EventContract>>,
    pub(super) handlers: BTreeMap<String, Compiled<HandlerContract>>,
    pub(super) principals: BTreeMap<String, Principal>,
    pub(super) warnings: Vec<ContractWarning>,
}

/// A contract with what is computed from it once.
#[derive(Debug)]
pub(super) struct Compiled<T> {
    pub(super) contract: T,
    pub(super) digest: Digest,
}

impl Contracts {
    /// Starts a set that is declared in code.
    pub fn builder() -> ContractsBuilder {
        ContractsBuilder::default()
    }

    /// The contract of an event type.
    pub fn event(&self, event_type: &str) -> Option<&EventContract> {
        self.events.get(event_type).map(|it| &it.contract)
    }

    /// The contract of a handler.
    pub fn handler(&self, name: &str) -> Option<&HandlerContract> {
        self.handlers.get(name).map(|it| &it.contract)
    }

    /// The digest of an event type's contract; see [`EventContract::digest`].
    pub fn event_digest(&self, event_type: &str) -> Option<Digest> {
        self.events.get(event_type).map(|it| it.digest)
    }

    /// The digest of a handler's contract; see [`HandlerContract::digest`].
    pub fn handler_digest(&self, name: &str) -> Option<Digest> {
        self.handlers.get(name).map(|it| it.digest)
    }

    /// All event contracts, by type.
    pub fn events(&self) -> impl Iterator<Item = &EventContract> {
        self.events.values().map(|it| &it.contract)
    }

    /// All handler contracts, by name.
    pub fn handlers(&self) -> impl Iterator<Item = &HandlerContract> {
        self.handlers.values().map(|it| &it.contract)
    }

    /// The handlers that consume a type, by name.
    pub fn consumers<'a>(
        &'a self,
        event_type: &'a str,
    ) -> impl Iterator<Item = &'a HandlerContract> {
        self.handlers()
            .filter(move |handler| handler.consumes.contains(event_type))
    }

    /// A principal, by name.
    pub fn principal(&self, name: &str) -> Option<&Principal> {
        self.principals.get(name)
    }

    /// All principals, by name.
    pub fn principals(&self) -> impl Iterator<Item = &Principal> {
        self.principals.values()
    }

    /// The failure mode of a handler's executions for a type: the handler's own where it has one.
    /// `None` if either is not declared.
    pub fn failure_mode(&self, handler: &str, event_type: &str) -> Option<&FailureMode> {
        let event = self.event(event_type)?;
        Some(
            self.handler(handler)?
                .failure_mode
                .as_ref()
                .unwrap_or(&event.failure_mode),
        )
    }

    /// How the effects of a handler's executions for a type are undone: the type's kind within the
    /// handler's own limits where it has them. `None` if not declared.
    pub fn rollback(&self, handler: &str, event_type: &str) -> Option<Rollback> {
        let mut rollback = self.event(event_type)?.rollback.clone()?;
        if let Some(limits) = &self.handler(handler)?.rollback {
            rollback.limits = limits.clone();
        }
        Some(rollback)
    }

    /// What is allowed and probably not meant.
    pub fn warnings(&self) -> &[ContractWarning] {
        &self.warnings
    }

    /// The digest of the whole set: of every contract's digest and every principal.
    pub fn digest(&self) -> Digest {
        let events: Vec<_> = self.events.values().map(|it| it.digest).collect();
        let handlers: Vec<_> = self.handlers.values().map(|it| it.digest).collect();
        let principals: Vec<_> = self.principals().collect();
        super::canonical::digest("wingman/contracts/v1", &(events, handlers, principals))
    }
}
