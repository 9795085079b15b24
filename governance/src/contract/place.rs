//! Where a contract, or a part of it, was written.

use std::fmt;
use std::sync::Arc;

/// Where something in a contract was written; shown as `contracts/e.yaml:12`, or `code`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Place {
    /// Declared by the program itself.
    Code,
    /// A whole file, where no line applies.
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

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Code => f.write_str("code"),
            Self::File(file) => f.write_str(file),
            Self::Line {
                file,
                line,
                column: _,
            } => write!(f, "{file}:{line}"),
        }
    }
}
