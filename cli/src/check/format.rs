//! How a report is written, by the ending of its file's name.

use std::path::Path;

use super::report::Report;
use super::{json, page};
use crate::problem::Problem;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Format {
    Json,
    Html,
}

impl Format {
    /// The format of a file.
    ///
    /// # Errors
    /// An ending that says neither.
    pub(super) fn of(path: &Path) -> Result<Self, Problem> {
        let ending = path.extension().and_then(|ending| ending.to_str()).unwrap_or_default();
        match ending.to_ascii_lowercase().as_str() {
            "json" => Ok(Self::Json),
            "html" | "htm" => Ok(Self::Html),
            _ => Err(Problem::usage(format!(
                "--report {}: the ending says neither JSON nor HTML",
                path.display()
            ))
            .remedy("name it check.json or check.html")),
        }
    }

    pub(super) fn render(self, report: &Report) -> Result<String, Problem> {
        match self {
            Self::Json => Ok(format!("{}\n", serde_json::to_string_pretty(&json::of(report))?)),
            Self::Html => Ok(page::render(report)),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_ending_says_which() {
        for (name, expected) in [
            ("check.json", Some(Format::Json)),
            ("a.b/check.HTML", Some(Format::Html)),
            ("check.htm", Some(Format::Html)),
            ("check.txt", None),
            ("json", None),
        ] {
            assert_eq!(Format::of(Path::new(name)).ok(), expected, "{name}");
        }
    }
}
