//! YAML as editors see it: the JSON values of the core schema, which schemas judge.

use saphyr_parser::{Event, Parser, ScalarStyle};
use serde_json::{Map, Value};

/// The documents of a text; `None` where JSON has no words for it: what is not YAML, repeated fields,
/// tags, anchors, other names of fields than text.
pub(super) fn documents(text: &str) -> Option<Vec<Value>> {
    let mut events = Vec::new();
    for event in Parser::new_from_str(text) {
        events.push(event.ok()?.0);
    }
    let mut events = events.into_iter();
    let mut documents = Vec::new();
    while let Some(event) = events.next() {
        if let Event::DocumentStart(_) = event {
            let first = events.next()?;
            documents.push(value(first, &mut events, 0)?);
        }
    }
    Some(documents)
}

fn value<'a>(
    event: Event<'a>,
    rest: &mut impl Iterator<Item = Event<'a>>,
    depth: usize,
) -> Option<Value> {
    if depth > 100 {
        return None;
    }
    match event {
        Event::Scalar(text, style, 0, None) => Some(scalar(&text, style)),
        Event::SequenceStart(0, None) => {
            let mut items = Vec::new();
            loop {
                match rest.next()? {
                    Event::SequenceEnd => return Some(Value::Array(items)),
                    event => items.push(value(event, rest, depth + 1)?),
                }
            }
        }
        Event::MappingStart(0, None) => {
            let mut members = Map::new();
            loop {
                let name = match rest.next()? {
                    Event::MappingEnd => return Some(Value::Object(members)),
                    Event::Scalar(text, style, 0, None) => match scalar(&text, style) {
                        Value::String(name) => name,
                        _ => return None,
                    },
                    _ => return None,
                };
                let event = rest.next()?;
                if members.insert(name, value(event, rest, depth + 1)?).is_some() {
                    return None;
                }
            }
        }
        _ => None,
    }
}

fn scalar(text: &str, style: ScalarStyle) -> Value {
    let plain = style == ScalarStyle::Plain;
    match text {
        "" | "~" | "null" | "Null" | "NULL" if plain => Value::Null,
        "true" | "True" | "TRUE" if plain => Value::Bool(true),
        "false" | "False" | "FALSE" if plain => Value::Bool(false),
        _ if plain && text.starts_with(|it: char| it.is_ascii_digit() || "+-.".contains(it)) => {
            let number = text.strip_prefix('+').unwrap_or(text);
            let whole = number.parse::<i64>().ok().map(Value::from);
            let any = || number.parse::<f64>().ok().filter(|it| it.is_finite()).map(Value::from);
            whole.or_else(any).unwrap_or_else(|| Value::from(text))
        }
        text => Value::from(text),
    }
}
