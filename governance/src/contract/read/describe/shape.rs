//! The forms that values may have.

use std::collections::BTreeMap;

use serde_json::{Map, Value, json};

use crate::contract::check::bounds::RETRIES_MAX;
use crate::contract::check::names::{NAME_PATTERN, POINTER_PATTERN};
use crate::contract::read::section::{Fields, Words};

/// A map of known fields: which there are, and which must be, the loader's table says.
/// `named_by` are fields by which the loader knows the document at all.
pub(super) fn object<const NAMED: usize, const SHAPES: usize>(
    fields: &Fields,
    named_by: [&str; NAMED],
    shapes: [(&str, &str, Value); SHAPES],
) -> Value {
    let mut shapes: BTreeMap<_, _> =
        shapes.into_iter().map(|(name, about, shape)| (name, (about, shape))).collect();
    let mut properties = Map::new();
    for name in fields.known {
        // What is not described may hold anything; a test finds it.
        let (about, mut shape) = shapes.remove(name).unwrap_or(("", json!({})));
        let more = shape["description"].as_str().map(|more| format!(" {more}"));
        shape["description"] = json!(format!("{about}{}", more.unwrap_or_default()));
        properties.insert((*name).to_owned(), shape);
    }
    for name in fields.not_yet {
        let why = format!("{name} is not enforced yet, so this version rejects it: remove it.");
        // Editors show errorMessage and leave out what they shall not suggest; validators know neither.
        let never =
            json!({ "not": {}, "description": why, "errorMessage": why, "doNotSuggest": true });
        properties.insert((*name).to_owned(), never);
    }
    let required: Vec<&str> = named_by.into_iter().chain(fields.required.iter().copied()).collect();
    json!({
        "type": "object",
        "properties": properties,
        "required": required,
        "additionalProperties": false,
    })
}

/// One of the words of the loader's table.
pub(super) fn words<T>(words: &Words<T>) -> Value {
    let known: Vec<&str> = words.known.iter().map(|(word, _)| *word).collect();
    json!({ "enum": known, "description": not_yet(words.not_yet) })
}

/// One of the numbers of the loader's table, quoted or not.
pub(super) fn digits(words: &Words<u8>) -> Value {
    let numbers = words.known.iter().map(|(_, number)| json!(number));
    let texts = words.known.iter().map(|(word, _)| json!(word));
    let known: Vec<Value> = numbers.chain(texts).collect();
    json!({ "enum": known, "description": not_yet(words.not_yet) })
}

fn not_yet(words: &[&str]) -> Option<String> {
    let verb = if words.len() == 1 { "is" } else { "are" };
    let said = || format!("Not enforced yet, so rejected, {verb}: {}.", words.join(", "));
    (!words.is_empty()).then(said)
}

/// Any text; what YAML takes for a number or a truth value is text to the loader.
pub(super) fn text() -> Value {
    json!({ "type": ["string", "number", "boolean"] })
}

/// A list of texts without repetition.
pub(super) fn texts() -> Value {
    json!({ "type": "array", "items": text(), "uniqueItems": true })
}

/// A name that becomes part of topics, groups, tool calls and stamps.
pub(super) fn name() -> Value {
    json!({ "type": "string", "pattern": NAME_PATTERN })
}

/// A list of names without repetition.
pub(super) fn names() -> Value {
    json!({ "type": "array", "items": name(), "uniqueItems": true })
}

/// A list of names that is not empty.
pub(super) fn some_names() -> Value {
    json!({ "type": "array", "items": name(), "uniqueItems": true, "minItems": 1 })
}

/// A list of whatever this is.
pub(super) fn list(item: Value) -> Value {
    json!({ "type": "array", "items": item })
}

/// A whole number, quoted or not.
pub(super) fn number(least: u32, most: u32) -> Value {
    let pattern = if least == 0 { "^[+]?[0-9]+$" } else { "^[+]?0*[1-9][0-9]*$" };
    json!({ "type": ["integer", "string"], "minimum": least, "maximum": most, "pattern": pattern })
}

/// A JSON pointer.
pub(super) fn pointer() -> Value {
    json!({ "type": "string", "pattern": POINTER_PATTERN })
}

/// A duration with its unit.
pub(super) fn duration() -> Value {
    let about = "Such as 250ms, 5s, 2m or 1h; at most 720h.";
    json!({ "type": "string", "pattern": "^0*[1-9][0-9]*(ms|s|m|h)$", "description": about })
}

/// The delays before retries.
pub(super) fn durations() -> Value {
    json!({ "type": "array", "items": duration(), "maxItems": RETRIES_MAX })
}

/// The path of a JSON Schema.
pub(super) fn path() -> Value {
    let about = "A path inside the contracts folder, such as schemas/order.json.";
    json!({ "type": "string", "minLength": 1, "description": about })
}
