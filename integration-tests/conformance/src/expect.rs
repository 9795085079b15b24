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

    /// The same failure, and what else was seen then.
    pub(crate) fn with(self, seen: impl fmt::Debug) -> Self {
        Self(format!("{}; then: {seen:?}", self.0))
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
        return Ok(());
    }
    let (expected, seen) = (shown(expected), shown(seen));
    Err(Failure(format!("{what}: expected {expected}, seen {seen}")))
}

/// Fails unless the same bodies are in both, each as often; both are sorted.
pub(crate) fn delivered(what: &str, expected: Vec<String>, seen: Vec<String>) -> Verdict {
    if expected == seen {
        return Ok(());
    }
    let not_in = |these: &[String], those: &[String]| {
        let mut left = those.to_vec();
        let mut rest = these.to_vec();
        rest.retain(|body| match left.iter().position(|other| other == body) {
            Some(place) => {
                left.swap_remove(place);
                false
            }
            None => true,
        });
        shown(rest)
    };
    let (missing, surplus) = (not_in(&expected, &seen), not_in(&seen, &expected));
    let (expected, seen) = (expected.len(), seen.len());
    Err(Failure(format!(
        "{what}: expected {expected} deliveries, seen {seen}; missing {missing}, surplus {surplus}"
    )))
}

/// Fails unless it holds; `seen` is what was there instead.
pub(crate) fn holds(expected: &str, holds: bool, seen: impl fmt::Debug) -> Verdict {
    if holds { Ok(()) } else { Err(Failure(format!("expected {expected}, seen {}", shown(seen)))) }
}

/// Fails unless it is an error of this kind, which is returned.
pub(crate) fn fails<T: fmt::Debug>(
    what: &str,
    kind: Kind,
    seen: wingman_core::Result<T>,
) -> Verdict<Error> {
    match seen {
        Err(error) if error.kind() == kind => Ok(error),
        other => {
            let seen = shown(other);
            Err(Failure(format!("{what}: expected {kind:?}, seen {seen}")))
        }
    }
}

/// A value as text that stays readable.
fn shown(value: impl fmt::Debug) -> String {
    const CHARS_MAX: usize = 400;
    let text = format!("{value:?}");
    match text.char_indices().nth(CHARS_MAX) {
        Some((end, _)) => format!("{}… ({} bytes)", &text[..end], text.len()),
        None => text,
    }
}
