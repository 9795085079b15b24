//! How cases fail: a text that says what was expected and what was seen.

use std::fmt;

use wingman_core::{Error, Kind};

/// Passed, or what was wrong.
pub type Verdict<T = ()> = Result<T, Failure>;

/// Why a case failed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Failure(String);

impl Failure {
    /// A failure with a text for the adapter's author.
    pub fn new(text: impl Into<String>) -> Self {
        Self(text.into())
    }
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl std::error::Error for Failure {}

impl From<Error> for Failure {
    fn from(error: Error) -> Self {
        Self(format!("expected no error, seen {error:?}"))
    }
}

/// Fails unless both are equal.
pub(crate) fn equal<T: PartialEq + fmt::Debug>(what: &str, expected: T, seen: T) -> Verdict {
    if expected == seen {
        Ok(())
    } else {
        Err(Failure(format!(
            "{what}: expected {expected:?}, seen {seen:?}"
        )))
    }
}

/// Fails unless it holds; `seen` is what was there instead.
pub(crate) fn holds(expected: &str, holds: bool, seen: impl fmt::Debug) -> Verdict {
    if holds {
        Ok(())
    } else {
        Err(Failure(format!("expected {expected}, seen {seen:?}")))
    }
}

/// Fails unless it is an error of this kind, which is returned.
pub(crate) fn fails<T: fmt::Debug>(
    what: &str,
    kind: Kind,
    seen: wingman_core::Result<T>,
) -> Verdict<Error> {
    match seen {
        Err(error) if error.kind() == kind => Ok(error),
        Err(error) => Err(Failure(format!(
            "{what}: expected {kind:?}, seen {error:?}"
        ))),
        Ok(value) => Err(Failure(format!(
            "{what}: expected {kind:?}, seen Ok({value:?})"
        ))),
    }
}
