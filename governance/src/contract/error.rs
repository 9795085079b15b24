//! What can be wrong with contracts: a kind for programs, a place and a remedy for people.

use std::fmt;

use super::place::Place;

/// What kind of mistake a contract has. Programs act on this, never on the text.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum ContractErrorKind {
    /// A file or folder cannot be read.
    Unreadable,
    /// The text is not YAML, or not JSON.
    Syntax,
    /// A field that no version knows.
    UnknownField,
    /// A field or value that this version does not enforce yet.
    NotEnforcedYet,
    /// A required field is absent.
    Missing,
    /// A value has the wrong type, form or range.
    Invalid,
    /// The same name was given twice.
    Duplicate,
    /// A name refers to nothing that is declared.
    UnknownReference,
    /// Two declarations cannot both hold.
    Contradiction,
}

impl ContractErrorKind {
    /// The word for programs.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Unreadable => "unreadable",
            Self::Syntax => "syntax",
            Self::UnknownField => "unknown_field",
            Self::NotEnforcedYet => "not_enforced_yet",
            Self::Missing => "missing",
            Self::Invalid => "invalid",
            Self::Duplicate => "duplicate",
            Self::UnknownReference => "unknown_reference",
            Self::Contradiction => "contradiction",
        }
    }
}

/// One mistake.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ContractError {
    /// What kind of mistake it is.
    pub kind: ContractErrorKind,
    /// Where it was made.
    pub place: Place,
    /// What is wrong.
    pub what: String,
    /// What to do about it.
    pub remedy: String,
}

impl fmt::Display for ContractError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}; {}", self.place, self.what, self.remedy)
    }
}

impl std::error::Error for ContractError {}

/// Every mistake of a set of contracts, in the order of files and lines. Never empty.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ContractErrors(pub(super) Vec<ContractError>);

impl ContractErrors {
    /// The mistakes.
    pub fn iter(&self) -> std::slice::Iter<'_, ContractError> {
        self.0.iter()
    }
}

impl fmt::Display for ContractErrors {
    /// One mistake a line.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (at, error) in self.0.iter().enumerate() {
            let line_break = if at == 0 { "" } else { "\n" };
            write!(f, "{line_break}{error}")?;
        }
        Ok(())
    }
}

impl std::error::Error for ContractErrors {}
