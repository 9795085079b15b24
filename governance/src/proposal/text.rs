//! A proposal as YAML that a person reads: each grant with the stamps that it rests on.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use serde_json::{Value, json};

use super::Proposal;
use super::events::Fitted;
use super::handler::Proposed;
use super::seen::{Most, Sight};
use crate::contract::write;
use crate::contract::{EventContract, Level};

/// Fields that are written with their evidence.
const SEEN: [&str; 5] = ["handler", "consumes", "emits", "tools", "limits"];

/// What proposals widen; anything else that gates noted is for a person to decide.
const WIDENED: [&str; 2] = ["P-01", "P-02"];

impl Proposal {
    /// Events and handlers as one file, to be put in place of those that declare them now; principals
    /// stay where they are. Schemas keep their paths.
    pub fn to_yaml(&self) -> String {
        let mut documents = vec![
            "# Proposed from what a ledger saw. Numbers are stamps: `wingman audit show` prints them.\n\
             # What was not seen is not granted; handlers that never ran keep\n\
             # their contracts. It takes the place of the files of events and handlers.\n"
                .to_owned(),
        ];
        documents.extend(self.events.iter().map(event));
        documents.extend(self.proposed.values().map(handler));
        documents.extend(self.kept.values().map(|kept| {
            let text = write::document(write::handler(kept));
            format!("# Nothing is proposed for it: its contract is as it was.\n{text}")
        }));
        documents.join("---\n")
    }

    /// The handlers alone; what has to change in events is said in comments.
    pub fn handlers_to_yaml(&self) -> String {
        let mut text = String::from("# Proposed from what a ledger saw. Numbers are stamps.\n");
        for Fitted { contract, notes, is_idle } in &self.events {
            for note in notes {
                comment(&mut text, &format!("event {}: {note}", contract.event));
            }
            if *is_idle {
                comment(&mut text, &format!("event {}: nobody emits it any more", contract.event));
            }
        }
        let handlers: Vec<_> = self.proposed.values().map(handler).collect();
        text + &handlers.join("---\n")
    }
}

fn event(fitted: &Fitted) -> String {
    let mut text = String::new();
    fitted.notes.iter().for_each(|note| comment(&mut text, note));
    let document = write::document(event_fields(&fitted.contract));
    if !fitted.is_idle {
        return text + &document;
    }
    comment(&mut text, "left out, because nobody was seen to emit or consume it:");
    document.lines().for_each(|line| comment(&mut text, line));
    text
}

/// The fields of an event, its schemas where they were read.
fn event_fields(contract: &EventContract) -> write::Fields {
    let mut fields = write::event(contract);
    let body = contract.input_schema.as_ref().map(|it| &it.path);
    let artifact = contract.audit_artifact.as_ref().map(|it| &it.schema.path);
    for (name, value) in &mut fields {
        match (*name, body, artifact) {
            ("input_schema", Some(path), _) if !path.is_empty() => *value = json!(path),
            ("audit_artifact", _, Some(path)) if !path.is_empty() => value["schema"] = json!(path),
            _ => {}
        }
    }
    fields
}

fn handler(proposed: &Proposed) -> String {
    let Proposed { contract, seen, changes, is_declared, is_in_force } = proposed;
    let mut text = String::new();
    match (is_declared, is_in_force) {
        (false, _) => comment(&mut text, "It has no contract yet: say what it is for."),
        (true, false) => comment(&mut text, "Its runs were judged by another contract than this."),
        (true, true) => {}
    }
    for (code, noted) in &seen.noted {
        let widened = WIDENED.contains(&code.as_str());
        let all_the_same = if widened { "" } else { "; nothing here changes that" };
        for (about, sight) in noted {
            let times = evidence(sight, "time");
            comment(&mut text, &format!("noted: {code} about {about}, {times}{all_the_same}"));
        }
    }
    changes.iter().for_each(|what| comment(&mut text, what));
    field(&mut text, "handler", &json!(contract.name));
    let sights = |types: &BTreeMap<String, Sight>, name: &str, of: &str| {
        types.get(name).map_or_else(
            || "as declared: nothing was refused".to_owned(),
            |sight| evidence(sight, of),
        )
    };
    if !contract.consumes.is_empty() {
        text.push_str("consumes:\n");
    }
    for event in &contract.consumes {
        item(&mut text, &json!(event), &sights(&seen.consumed, event, "run"));
    }
    if !contract.emits.is_empty() {
        text.push_str("emits:\n");
    }
    for event in &contract.emits {
        item(&mut text, &json!(event), &sights(&seen.emitted, event, "time"));
    }
    tools(&mut text, proposed);
    limits(&mut text, proposed);
    for (name, value) in write::handler(contract) {
        if !SEEN.contains(&name) && !write::is_empty(&value) {
            field(&mut text, name, &value);
        }
    }
    text
}

fn tools(text: &mut String, Proposed { contract, seen, .. }: &Proposed) {
    let granted: Vec<(&str, Level)> = contract.granted().collect();
    if granted.is_empty() {
        text.push_str("tools: {} # none was called\n");
        return;
    }
    text.push_str("tools:\n");
    for (tool, level) in granted {
        let used = seen.tools.get(tool);
        let undo = used.map(|it| it.undo.iter().copied().collect::<Vec<_>>().join(" or "));
        let calls = used.map(|it| evidence(&it.calls, "call")).unwrap_or_default();
        let undo = undo.unwrap_or_default();
        // A string takes all text.
        let _ = writeln!(text, "  {}: {level} # {calls}; {undo}", json!(tool));
    }
}

fn limits(text: &mut String, Proposed { contract, seen, .. }: &Proposed) {
    let at = |most: Option<Most>| {
        most.map_or_else(|| "never seen".to_owned(), |most| format!("stamp {}", most.stamp))
    };
    let runtime = write::runtime(contract);
    let lines = [
        ("depth", json!(contract.limits.depth), format!("the deepest: {}", at(seen.depth))),
        ("fanout", json!(contract.limits.fanout), format!("the most: {}", at(seen.fanout))),
        ("runtime", runtime, "as declared".to_owned()),
    ];
    text.push_str("limits:\n");
    for (name, value, why) in lines {
        let _ = writeln!(text, "  {name}: {value} # {why}");
    }
}

/// How often, and from where to where in the log.
fn evidence(sight: &Sight, of: &str) -> String {
    let Sight { count, first, last } = *sight;
    if count == 1 {
        return format!("1 {of}, stamp {first}");
    }
    format!("{count} {of}s, stamps {first} to {last}")
}

fn field(text: &mut String, name: &str, value: &Value) {
    let _ = writeln!(text, "{name}: {value}");
}

fn item(text: &mut String, value: &Value, why: &str) {
    let _ = writeln!(text, "  - {value} # {why}");
}

/// One line, whatever is in it.
fn comment(text: &mut String, what: &str) {
    let line: String = what.chars().map(|it| if it.is_control() { ' ' } else { it }).collect();
    let _ = writeln!(text, "# {line}");
}
