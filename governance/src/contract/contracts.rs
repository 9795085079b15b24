//! The checked set of contracts, with the look-ups that enforcement needs.

use std::collections::BTreeMap;
use std::path::Path;

use super::builder::ContractsBuilder;
use super::error::{ContractError, ContractErrors};
use super::event::EventContract;
use super::failure::{FailureMode, RollbackKind};
use super::finding::Finding;
use super::handler::HandlerContract;
use super::place::Source;
use super::principal::Principal;
use super::schema::{BodyRefused, BodyRefusedKind, BodySchema};
use crate::digest::Digest;

/// Contracts that passed every check. Immutable: share it in an [`Arc`](std::sync::Arc).
#[derive(Debug)]
pub struct Contracts {
    pub(super) events: BTreeMap<String, CompiledEvent>,
    pub(super) handlers: BTreeMap<String, CompiledHandler>,
    pub(super) principals: BTreeMap<String, Principal>,
    /// What is allowed and probably not meant.
    pub(super) warnings: Vec<Finding>,
}

#[derive(Debug)]
pub(super) struct CompiledEvent {
    pub(super) contract: EventContract,
    pub(super) digest: Digest,
    pub(super) source: Source,
    schema: BodySchema,
    artifact: BodySchema,
}

impl CompiledEvent {
    pub(super) fn compile(contract: EventContract, source: Source) -> Result<Self, ContractError> {
        let event = &contract.event;
        let whose = format!("input schema of event {event}");
        let schema = contract.input_schema.as_ref();
        let schema = BodySchema::compile(schema, &whose, source.at("input_schema"))?;
        let whose = format!("artifact schema of event {event}");
        let artifact = contract.audit_artifact.as_ref().map(|it| &it.schema);
        let artifact = BodySchema::compile(artifact, &whose, source.at("audit_artifact"))?;
        let digest = contract.digest();
        Ok(Self { contract, digest, source, schema, artifact })
    }
}

#[derive(Debug)]
pub(super) struct CompiledHandler {
    pub(super) contract: HandlerContract,
    pub(super) digest: Digest,
    pub(super) source: Source,
}

impl Contracts {
    /// Starts a set that is declared in code.
    pub fn builder() -> ContractsBuilder {
        ContractsBuilder::default()
    }

    /// Reads and checks the contracts of a folder; see [`ContractsBuilder::folder`].
    ///
    /// # Errors
    ///
    /// All mistakes of all files together.
    pub fn load(folder: impl AsRef<Path>) -> Result<Self, ContractErrors> {
        Self::builder().folder(folder).build()
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
        self.handlers().filter(move |handler| handler.consumes.contains(event_type))
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
        Some(self.handler(handler)?.failure_mode.as_ref().unwrap_or(&event.failure_mode))
    }

    /// Whether the handlers of a type promise that all they do can be undone (P-06).
    pub fn is_compensatable(&self, event_type: &str) -> bool {
        let rollback = self.event(event_type).and_then(|event| event.rollback);
        rollback.is_some_and(|it| it.kind == RollbackKind::Compensatable)
    }

    /// Judges a body by the input schema of its event type; a type without one admits every body.
    ///
    /// # Errors
    ///
    /// [`BodyRefused`], which names the first offending value by JSON pointer and never quotes it.
    pub fn validate_body(&self, event_type: &str, body: &[u8]) -> Result<(), BodyRefused> {
        let judged = match self.events.get(event_type) {
            Some(event) => event.schema.validate(body),
            None => Err(BodyRefusedKind::NoContract),
        };
        judged.map_err(|kind| BodyRefused { event: event_type.to_owned(), kind })
    }

    /// Judges a document that an execution for an event hands in, by the schema of the event's
    /// artifact.
    pub(crate) fn validate_artifact(
        &self,
        event_type: &str,
        document: &str,
    ) -> Result<(), BodyRefusedKind> {
        let event = self.events.get(event_type);
        event.map_or(Ok(()), |event| event.artifact.validate(document.as_bytes()))
    }

    /// The digest of the whole set: of every contract's digest and every principal.
    pub fn digest(&self) -> Digest {
        let events: Vec<_> = self.events.values().map(|it| it.digest).collect();
        let handlers: Vec<_> = self.handlers.values().map(|it| it.digest).collect();
        let principals: Vec<_> = self.principals().collect();
        super::canonical::digest("wingman/contracts/v1", &(events, handlers, principals))
    }
}
