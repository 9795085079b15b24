//! A tree as a Mermaid flow chart.

use std::fmt::Write as _;

use wingman_hub::governance::audit::trace::{EventNode, Trace};
use wingman_hub::governance::digest::Digest;

use super::phase;
use crate::print;

/// What Mermaid draws unless its reader is told otherwise (`maxEdges`).
const EDGES_MAX: usize = 500;

pub(super) fn show(trace: &Trace) {
    let mut lines = vec!["flowchart TD".to_owned()];
    trace.roots.iter().for_each(|root| event(root, &mut lines));
    let edges = lines.iter().filter(|line| line.contains(" --> ")).count();
    lines.iter().for_each(print::line);
    if edges > EDGES_MAX {
        print::note(format!(
            "note: {edges} edges; Mermaid draws {EDGES_MAX} unless its setting maxEdges says more"
        ));
    }
}

fn event(event: &EventNode, lines: &mut Vec<String>) {
    let from = format!("e{}", short(&event.key.0));
    lines.push(format!("  {from}([\"{}\"])", label(&event.event_type)));
    for execution in &event.executions {
        let id = format!("x{}", short(&execution.id.0));
        let (handler, phase) = (label(&execution.handler), label(&phase(execution)));
        lines.push(format!("  {id}[\"{handler}<br/>{phase}\"]"));
        lines.push(format!("  {from} --> {id}"));
        for emitted in &execution.emitted {
            self::event(emitted, lines);
            lines.push(format!("  {id} --> e{}", short(&emitted.key.0)));
        }
    }
}

/// Enough of an identity; its first digits are the time.
fn short(digest: &Digest) -> String {
    digest.to_string()[8..24].to_owned()
}

/// Text between quotation marks: what could end it, or be read as markup, stands there by its number.
fn label(text: &str) -> String {
    let mut label = String::with_capacity(text.len());
    for each in text.chars() {
        match each {
            _ if each.is_alphanumeric() || " -_.:,/()".contains(each) => label.push(each),
            _ if each.is_control() => label.push(' '),
            // Writing to a string cannot fail.
            _ => drop(write!(label, "#{};", u32::from(each))),
        }
    }
    label
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_label_cannot_end_itself_or_be_markup() {
        assert_eq!(label("dead letter: exhausted"), "dead letter: exhausted");
        assert_eq!(
            label("a\"] --> b\n`<b>` #x;"),
            "a#34;#93; --#62; b #96;#60;b#62;#96; #35;x#59;"
        );
    }
}
