//! A JSON Schema inside of another document.

use serde_json::{Map, Value, json};

/// Members whose members are schemas by free names.
const NAMED: [&str; 5] =
    ["properties", "patternProperties", "$defs", "definitions", "dependentSchemas"];

/// Members that hold values, whatever they look like.
const VALUES: [&str; 4] = ["const", "enum", "default", "examples"];

/// Words in the URI of each draft, and what AsyncAPI calls it. Without a URI it is the newest.
const DRAFTS: [(&str, &str); 4] = [
    ("draft-04", "draft-04"),
    ("draft-06", "draft-06"),
    ("draft-07", "draft-07"),
    ("2019-09", "draft-2019-09"),
];

/// The schema as the payload of a message, in a format that says which draft it is. `at` is where it
/// will stand in the document.
pub(super) fn of(schema: &Value, at: &str) -> Value {
    let draft = schema["$schema"].as_str().unwrap_or_default();
    let known = DRAFTS.iter().find(|(word, _)| draft.contains(word));
    let version = known.map_or("draft-2020-12", |(_, version)| version);
    json!({
        "schemaFormat": format!("application/schema+json;version={version}"),
        "schema": within(schema, at),
    })
}

/// The schema with its references to parts of itself led to where it will stand. One with an `$id` is
/// a document of its own, wherever it stands.
pub(super) fn within(schema: &Value, at: &str) -> Value {
    match schema {
        Value::Object(members) if members.contains_key("$id") => schema.clone(),
        Value::Object(members) => Value::Object(object(members, at)),
        Value::Array(items) => items.iter().map(|item| within(item, at)).collect(),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => schema.clone(),
    }
}

fn object(members: &Map<String, Value>, at: &str) -> Map<String, Value> {
    let moved = members.iter().map(|(name, value)| {
        let value = match value {
            Value::String(to) if name == "$ref" => reference(to, at),
            Value::Object(schemas) if NAMED.contains(&name.as_str()) => {
                schemas.iter().map(|(name, schema)| (name.clone(), within(schema, at))).collect()
            }
            value if VALUES.contains(&name.as_str()) => value.clone(),
            value => within(value, at),
        };
        (name.clone(), value)
    });
    moved.collect()
}

/// `#` is the schema itself and `#/…` a part of it; names of anchors hold where they are.
fn reference(to: &str, at: &str) -> Value {
    match to.strip_prefix('#') {
        Some(part) if part.is_empty() || part.starts_with('/') => json!(format!("{at}{part}")),
        Some(_) | None => json!(to),
    }
}
