//! The names of handlers as people read them: short, and with the letters of the pattern's example.

use super::Step;

/// Handlers, and what a transcript calls them.
const LABELS: [(&str, &str); 17] = [
    ("scope-filter", "A scope-filter"),
    ("permission-boundary-filter", "B permission"),
    ("execution-proposal-generator", "C proposal"),
    ("responsibility-handshake", "D handshake"),
    ("tool-executor", "E tools"),
    ("audit-stamp-recorder", "F audit"),
    ("rollback-covenant-manager", "G rollback"),
    ("draft-writer", "writer"),
    ("fact-checker", "facts"),
    ("tone-editor", "tone"),
    ("citation-inserter", "citations"),
    ("final-formatter", "format"),
    ("release-packager", "release"),
    ("site-indexer", "index"),
    ("feed-writer", "feed"),
    ("newsletter-sender", "newsletter"),
    ("rush-desk", "rush desk"),
];

/// Handlers that are left out where more follows from them.
const ELIDED: [&str; 2] = ["scope-filter", "permission-boundary-filter"];

/// What a transcript calls a handler.
pub(super) fn of(handler: &str) -> &str {
    LABELS.iter().find(|(name, _)| *name == handler).map_or(handler, |(_, label)| label)
}

/// How many of the first steps are left out: all that can be and
/// refused nothing, or none.
pub(super) fn elided(steps: &[Step<'_>]) -> usize {
    let is_quiet = |step: &Step<'_>| step.execution.would_refuse.is_empty();
    let begins = steps
        .iter()
        .zip(ELIDED)
        .all(|(step, name)| step.execution.handler == name && is_quiet(step));
    if begins && steps.len() > ELIDED.len() { ELIDED.len() } else { 0 }
}
