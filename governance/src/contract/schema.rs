//! Bodies judged by the JSON Schema of their event type.

use std::fmt;

use jsonschema::{PatternOptions, Validator};
use serde_json::Value;

use super::error::{ContractError, ContractErrorKind};
use super::event::SchemaDocument;
use super::place::Place;

/// A compiled schema; without one every body passes.
#[derive(Debug)]
pub(super) struct BodySchema(Option<Validator>);

impl BodySchema {
    /// Compiles the schema of an event type's bodies or artifacts. Nothing outside the schema is ever
    /// fetched, and patterns are matched in linear time, so that no body can stall a worker.
    pub(super) fn compile(
        schema: Option<&SchemaDocument>,
        whose: &str,
        place: Place,
    ) -> Result<Self, ContractError> {
        let Some(schema) = schema else {
            return Ok(Self(None));
        };
        let compiled = jsonschema::options()
            .offline()
            .with_pattern_options(PatternOptions::regex())
            .build(&schema.document);
        compiled.map(|it| Self(Some(it))).map_err(|error| {
            let at = error.instance_path().to_string();
            let at = if at.is_empty() { String::new() } else { format!(" at {at}") };
            ContractError {
                kind: ContractErrorKind::Invalid,
                place,
                what: format!("the {whose} is wrong{at}: {error}"),
                remedy: "correct the schema; it may refer only to parts of itself".to_owned(),
            }
        })
    }

    /// Judges a body.
    pub(super) fn validate(&self, body: &[u8]) -> Result<(), BodyRefusedKind> {
        let Some(schema) = &self.0 else { return Ok(()) };
        let body: Value = serde_json::from_slice(body).map_err(|error| {
            BodyRefusedKind::NotJson { line: error.line(), column: error.column() }
        })?;
        schema.validate(&body).map_err(|error| BodyRefusedKind::Schema {
            path: error.instance_path().to_string(),
            keyword: error.kind().keyword().to_owned(),
            what: error.masked().to_string(),
        })
    }
}

/// A body that the contract of its event type does not admit. Permanent: it fails in the same way
/// at every attempt.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BodyRefused {
    /// The event type.
    pub event: String,
    /// What is wrong with the body.
    pub kind: BodyRefusedKind,
}

/// What is wrong with a body.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum BodyRefusedKind {
    /// The type has no contract, so nothing says what its body is.
    NoContract,
    /// The bytes are not JSON, as seen here (from 1).
    NotJson {
        /// The line of the body.
        line: usize,
        /// The column of the line.
        column: usize,
    },
    /// The first value that the schema does not admit.
    Schema {
        /// A JSON pointer to the value; empty for the whole body.
        path: String,
        /// The schema's keyword that it violates.
        keyword: String,
        /// Why, without the value itself.
        what: String,
    },
}

impl fmt::Display for BodyRefused {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "the body of {} {}", self.event, self.kind)
    }
}

impl fmt::Display for BodyRefusedKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NoContract => f.write_str("cannot be judged: the type has no contract"),
            Self::NotJson { line, column } => {
                write!(f, "is not JSON (line {line}, column {column})")
            }
            Self::Schema { path, keyword: _, what } => {
                let path = if path.is_empty() { "its root" } else { path };
                write!(f, "breaks its schema at {path}: {what}")
            }
        }
    }
}

impl std::error::Error for BodyRefused {}
