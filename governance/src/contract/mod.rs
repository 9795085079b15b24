//! Event and handler contracts: what an event type is, and what a handler may do.
//!
//! [`EventContract`] and [`HandlerContract`] are declared in code, or read from the YAML files of a
//! folder; [`Contracts`] is the checked set of them that the governor enforces. Everything here is
//! pure: no clock, no network, no database.

mod asyncapi;
mod builder;
mod canonical;
mod check;
mod contracts;
mod duration;
mod error;
mod event;
mod failure;
mod finding;
mod handler;
mod lint;
mod ordering;
mod permit;
mod place;
mod principal;
mod read;
mod schema;
pub(crate) mod write;

pub use builder::ContractsBuilder;
pub(crate) use check::names::is_name;
pub use contracts::Contracts;
pub use error::{ContractError, ContractErrorKind, ContractErrors};
pub use event::{
    AuditArtifact, Compatibility, Consumers, EventContract, Primitive, Producers, SchemaDocument,
};
pub use failure::{FailureMode, KeyAfterFailure, Rollback, RollbackKind};
pub use finding::{Finding, FindingKind, Severity};
pub(crate) use handler::FANOUT_MAX;
pub use handler::{
    Approval, CoherenceForm, Halt, HandlerContract, Interrupt, Limits, PerformedBy, Scope,
};
pub use ordering::{ChainDigest, OrderingKey, OrderingRule};
pub use permit::{Denied, Level};
pub use place::Place;
pub use principal::{NotAPublicKey, Principal};
pub use read::DocumentKind;
pub use schema::{BodyRefused, BodyRefusedKind};

#[cfg(test)]
mod tests;
