//! The one place that writes to the terminal.

use std::io::{self, Write};

use serde::Serialize;

use crate::problem::Problem;
use crate::progress;

/// Writes a line to standard output. A closed pipe ends the program quietly, as it does for others.
pub(crate) fn line(text: impl AsRef<str>) {
    let written = writeln!(io::stdout().lock(), "{}", text.as_ref());
    if written.is_err_and(|error| error.kind() == io::ErrorKind::BrokenPipe) {
        std::process::exit(0);
    }
}

/// Writes a value as one line of JSON.
pub(crate) fn json(value: &impl Serialize) -> Result<(), Problem> {
    line(serde_json::to_string(value)?);
    Ok(())
}

/// Writes a problem to standard error.
pub(crate) fn error(problem: &Problem) {
    note(problem.to_string());
}

/// Writes a line to standard error: what a person should see and a program should not read.
pub(crate) fn note(text: impl AsRef<str>) {
    // With standard error gone there is nobody left to tell.
    let _ = progress::aside(|| writeln!(io::stderr().lock(), "{}", text.as_ref()));
}
