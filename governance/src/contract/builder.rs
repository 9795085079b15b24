//! Collects contracts from code and from files, and has them checked together.

use std::collections::BTreeMap;
use std::path::Path;

use super::check;
use super::contracts::{CompiledEvent, CompiledHandler, Contracts};
use super::error::{ContractError, ContractErrors};
use super::event::EventContract;
use super::handler::HandlerContract;
use super::place::Source;
use super::principal::Principal;
use super::read;

/// Collects contracts; [`build`](Self::build) checks them together.
#[derive(Debug, Default)]
pub struct ContractsBuilder {
    pub(super) events: Vec<Declared<EventContract>>,
    pub(super) handlers: Vec<Declared<HandlerContract>>,
    pub(super) principals: Vec<Declared<Principal>>,
    pub(super) errors: Vec<ContractError>,
    /// Some document could not even be named, so an unknown name may be one of those.
    pub(super) names_lost: bool,
}

/// A contract and where it was declared.
#[derive(Debug)]
pub(super) struct Declared<T> {
    pub(super) value: T,
    pub(super) source: Source,
    /// Whether all of it could be read; what is not sound is not judged further.
    pub(super) sound: bool,
}

impl<T> Declared<T> {
    fn in_code(value: T) -> Self {
        Self { value, source: Source::code(), sound: true }
    }
}

impl ContractsBuilder {
    /// Adds an event type.
    pub fn event(mut self, contract: EventContract) -> Self {
        self.events.push(Declared::in_code(contract));
        self
    }

    /// Adds a handler.
    pub fn handler(mut self, contract: HandlerContract) -> Self {
        self.handlers.push(Declared::in_code(contract));
        self
    }

    /// Adds a principal.
    pub fn principal(mut self, principal: Principal) -> Self {
        self.principals.push(Declared::in_code(principal));
        self
    }

    /// Adds every `*.yaml` and `*.yml` file of a folder, at most 1 MiB each, and the schemas that
    /// they name. Mistakes are reported by [`build`](Self::build).
    pub fn folder(mut self, folder: impl AsRef<Path>) -> Self {
        read::read_folder(&mut self, folder.as_ref());
        self
    }

    /// Adds the documents of a YAML text; `file` is what messages call it. Such a text can name no
    /// schema files. Mistakes are reported by [`build`](Self::build).
    pub fn yaml(mut self, file: &str, text: &str) -> Self {
        read::read_text(&mut self, file, text, None);
        self
    }

    /// Checks everything that was added and compiles it.
    ///
    /// # Errors
    ///
    /// All mistakes together.
    pub fn build(mut self) -> Result<Contracts, ContractErrors> {
        let (mut errors, warnings) = check::check(&self);
        errors.append(&mut self.errors);
        let mut events = BTreeMap::new();
        for Declared { value: contract, source, .. } in self.events {
            match CompiledEvent::compile(contract, source) {
                Ok(compiled) => drop(events.insert(compiled.contract.event.clone(), compiled)),
                Err(error) => errors.push(error),
            }
        }
        if !errors.is_empty() {
            errors.sort_by_key(|error| error.place.sort_key());
            return Err(ContractErrors(errors));
        }
        let compile = |Declared { value: contract, source, .. }: Declared<HandlerContract>| {
            let digest = contract.digest();
            (contract.name.clone(), CompiledHandler { contract, digest, source })
        };
        let named = |it: Declared<Principal>| (it.value.name.clone(), it.value);
        Ok(Contracts {
            events,
            handlers: self.handlers.into_iter().map(compile).collect(),
            principals: self.principals.into_iter().map(named).collect(),
            warnings,
        })
    }
}
