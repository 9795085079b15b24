//! Collects what is wrong with one file while it is read on.

use std::sync::Arc;

use crate::contract::error::{ContractError, ContractErrorKind};
use crate::contract::place::{Place, Position};

/// The problems of one file.
#[derive(Debug)]
pub(super) struct Problems {
    file: Arc<str>,
    errors: Vec<ContractError>,
    names_lost: bool,
}

impl Problems {
    pub(super) fn new(file: &str) -> Self {
        Self { file: file.into(), errors: Vec::new(), names_lost: false }
    }

    pub(super) fn file(&self) -> &Arc<str> {
        &self.file
    }

    pub(super) fn place(&self, at: Position) -> Place {
        at.within(&self.file)
    }

    /// How many there are; a document during whose reading it rose is not sound.
    pub(super) fn count(&self) -> usize {
        self.errors.len()
    }

    pub(super) fn add(
        &mut self,
        kind: ContractErrorKind,
        at: Position,
        what: String,
        remedy: impl Into<String>,
    ) {
        self.push(kind, self.place(at), what, remedy);
    }

    /// A problem that also hides which names the file declares.
    pub(super) fn unnamed(
        &mut self,
        kind: ContractErrorKind,
        at: Position,
        what: String,
        remedy: impl Into<String>,
    ) {
        self.lose_names();
        self.add(kind, at, what, remedy);
    }

    pub(super) fn push(
        &mut self,
        kind: ContractErrorKind,
        place: Place,
        what: String,
        remedy: impl Into<String>,
    ) {
        self.errors.push(ContractError { kind, place, what, remedy: remedy.into() });
    }

    /// Notes that a declared name could not be read, so that references to it are not judged.
    pub(super) fn lose_names(&mut self) {
        self.names_lost = true;
    }

    /// The problems, and whether some declared names could not be read.
    pub(super) fn finish(self) -> (Vec<ContractError>, bool) {
        (self.errors, self.names_lost)
    }
}
