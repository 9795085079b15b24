//! Where a contract, or a part of it, was written.

use std::collections::BTreeMap;
use std::fmt;
use std::sync::Arc;

/// Where something in a contract was written; shown as `contracts/e.yaml:12`, or `code`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Place {
    /// Declared by the program itself.
    Code,
    /// A whole file or folder, where no line applies.
    File(Arc<str>),
    /// A line of a file.
    Line {
        /// The file's path, as far as it was given.
        file: Arc<str>,
        /// The line, from 1.
        line: usize,
        /// The column, from 1.
        column: usize,
    },
}

impl Place {
    /// Sorts by file, then by line; what is declared in code comes first.
    pub(super) fn sort_key(&self) -> (Option<Arc<str>>, usize, usize) {
        match self {
            Self::Code => (None, 0, 0),
            Self::File(file) => (Some(Arc::clone(file)), 0, 0),
            Self::Line { file, line, column } => (Some(Arc::clone(file)), *line, *column),
        }
    }
}

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Code => f.write_str("code"),
            Self::File(file) => f.write_str(file),
            Self::Line { file, line, column: _ } => write!(f, "{file}:{line}"),
        }
    }
}

/// A position in a text, from 1.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Position {
    pub(super) line: usize,
    pub(super) column: usize,
}

impl Position {
    pub(super) fn within(self, file: &Arc<str>) -> Place {
        Place::Line { file: Arc::clone(file), line: self.line, column: self.column }
    }
}

/// Where a document and each of its fields were written, so that a check that runs long after
/// reading can still name the line.
#[derive(Debug)]
pub(super) struct Source {
    document: Place,
    fields: BTreeMap<String, Place>,
}

impl Source {
    pub(super) fn code() -> Self {
        Self { document: Place::Code, fields: BTreeMap::new() }
    }

    /// `fields` are keyed by path: `scope.done`, `emits.OrderPaid`, `ordering[0].chain`.
    pub(super) fn new(document: Place, fields: BTreeMap<String, Place>) -> Self {
        Self { document, fields }
    }

    /// The place of a field, or of the nearest thing around it that was written.
    pub(super) fn at(&self, path: &str) -> Place {
        let mut path = path;
        loop {
            if let Some(place) = self.fields.get(path) {
                return place.clone();
            }
            match path.rfind(['.', '[']) {
                Some(end) => path = &path[..end],
                None => return self.document.clone(),
            }
        }
    }
}
