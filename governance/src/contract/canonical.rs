//! One JSON text for one value, so that equal contracts have equal digests.

use serde::Serialize;
use serde_json::Value;

use crate::digest::Digest;

/// The digest of a value's canonical JSON under a domain tag.
pub(super) fn digest(domain: &str, value: &impl Serialize) -> Digest {
    let value = serde_json::to_value(value)
        .expect("contracts hold only text, numbers, lists and maps with text keys");
    let mut text = String::new();
    write(&value, &mut text);
    Digest::of_fields(domain, &[text.as_bytes()])
}

/// Writes without white space, members sorted by name, whatever order the map type keeps.
fn write(value: &Value, to: &mut String) {
    match value {
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => {
            to.push_str(&value.to_string());
        }
        Value::Array(items) => {
            to.push('[');
            for (at, item) in items.iter().enumerate() {
                separate(at, to);
                write(item, to);
            }
            to.push(']');
        }
        Value::Object(members) => {
            let mut members: Vec<_> = members.iter().collect();
            members.sort_by_key(|(name, _)| *name);
            to.push('{');
            for (at, (name, member)) in members.into_iter().enumerate() {
                separate(at, to);
                to.push_str(&Value::from(name.as_str()).to_string());
                to.push(':');
                write(member, to);
            }
            to.push('}');
        }
    }
}

fn separate(at: usize, to: &mut String) {
    if at > 0 {
        to.push(',');
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn members_are_sorted_at_every_depth() {
        let value: Value = serde_json::from_str(r#"{"b":[{"z":1,"a":"\n"}],"a":null}"#).unwrap();
        let mut text = String::new();
        write(&value, &mut text);
        assert_eq!(text, r#"{"a":null,"b":[{"a":"\n","z":1}]}"#);
    }
}
