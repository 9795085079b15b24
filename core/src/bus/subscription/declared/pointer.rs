//! What stands at a JSON pointer (RFC 6901): a number as its digits are written, however many.

use std::fmt;

use serde::de::{DeserializeSeed, Deserializer, IgnoredAny, MapAccess, SeqAccess, Visitor};
use serde_json::value::RawValue;

/// The text, number, true or false at a pointer; `None` if there is none of them.
///
/// # Errors
/// The payload is not JSON on the way there.
pub(super) fn text(json: &[u8], pointer: &str) -> serde_json::Result<Option<String>> {
    let mut tokens = pointer.split('/');
    if tokens.next() != Some("") {
        return Ok(None);
    }
    let path: Vec<_> = tokens.map(|token| token.replace("~1", "/").replace("~0", "~")).collect();
    let found = At(&path).deserialize(&mut serde_json::Deserializer::from_slice(json))?;
    found.map_or(Ok(None), scalar)
}

fn scalar(found: &RawValue) -> serde_json::Result<Option<String>> {
    let written = found.get();
    match written.as_bytes().first() {
        Some(b'"') => serde_json::from_str(written).map(Some),
        Some(b'{' | b'[' | b'n') | None => Ok(None),
        Some(_) => Ok(Some(written.to_owned())),
    }
}

/// What is left of the path to a value.
struct At<'p>(&'p [String]);

impl<'de> DeserializeSeed<'de> for At<'_> {
    type Value = Option<&'de RawValue>;

    fn deserialize<D: Deserializer<'de>>(self, value: D) -> Result<Self::Value, D::Error> {
        match self.0 {
            [] => serde::Deserialize::deserialize(value).map(Some),
            [_, ..] => value.deserialize_any(self),
        }
    }
}

impl<'de> Visitor<'de> for At<'_> {
    type Value = Option<&'de RawValue>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a JSON value")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut members: A) -> Result<Self::Value, A::Error> {
        let mut found = None;
        while let Some(name) = members.next_key::<String>()? {
            match self.0 {
                // Of several of one name the last counts, as everywhere.
                [token, rest @ ..] if *token == name => {
                    found = members.next_value_seed(At(rest))?
                }
                _ => drop(members.next_value::<IgnoredAny>()?),
            }
        }
        Ok(found)
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut elements: A) -> Result<Self::Value, A::Error> {
        let (index, rest) = match self.0 {
            [token, rest @ ..] => (index(token), rest),
            [] => (None, self.0),
        };
        let mut found = None;
        for number in 0_usize.. {
            let more = match Some(number) == index {
                true => {
                    let element = elements.next_element_seed(At(rest))?;
                    found = element.flatten();
                    element.is_some()
                }
                false => elements.next_element::<IgnoredAny>()?.is_some(),
            };
            if !more {
                break;
            }
        }
        Ok(found)
    }

    fn visit_bool<E>(self, _: bool) -> Result<Self::Value, E> {
        Ok(None)
    }

    fn visit_i64<E>(self, _: i64) -> Result<Self::Value, E> {
        Ok(None)
    }

    fn visit_u64<E>(self, _: u64) -> Result<Self::Value, E> {
        Ok(None)
    }

    fn visit_f64<E>(self, _: f64) -> Result<Self::Value, E> {
        Ok(None)
    }

    fn visit_str<E>(self, _: &str) -> Result<Self::Value, E> {
        Ok(None)
    }

    fn visit_unit<E>(self) -> Result<Self::Value, E> {
        Ok(None)
    }
}

/// Digits without a sign or zeros in front.
fn index(token: &str) -> Option<usize> {
    let is_written_so = |index: &usize| index.to_string() == token;
    token.parse().ok().filter(is_written_so)
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;

    #[test]
    fn digits_stay_as_they_are_written() {
        for number in ["18446744073709551617", "-9223372036854775809", "1.10", "1e400", "0.1"] {
            let json = format!("{{\"a\": [ {number} , 1]}}");
            assert_eq!(text(json.as_bytes(), "/a/0").unwrap().as_deref(), Some(number));
        }
    }

    #[test]
    fn it_finds_what_any_other_reader_finds() {
        let document = json!({
            "a/b": {"~": "x", "": [true, {"c": "d\u{e9}\""}, null, []]},
            "a": "e",
            "7": 7,
        });
        let json = document.to_string();
        for pointer in [
            "",
            "/",
            "/a~1b/~0",
            "/a~1b//0",
            "/a~1b//1/c",
            "/a~1b//2",
            "/a~1b//3",
            "/a~1b//9",
            "/7",
            "/a~1b//01",
            "/a~1b//+1",
            "/a~1b//-",
            "/a/b",
            "/a",
            "a",
            "/a~1b/",
            "/7/0",
        ] {
            let expected = document.pointer(pointer).and_then(|value| match value {
                Value::String(text) => Some(text.clone()),
                Value::Number(_) | Value::Bool(_) => Some(value.to_string()),
                Value::Null | Value::Array(_) | Value::Object(_) => None,
            });
            assert_eq!(text(json.as_bytes(), pointer).unwrap(), expected, "{pointer}");
        }
        assert_eq!(text(b"\"x\"", "").unwrap().as_deref(), Some("x"));
        assert_eq!(text(b"{\"a\":1,\"a\":2}", "/a").unwrap().as_deref(), Some("2"));
        assert!(text(b"{\"a\":\"\\ud800\"}", "/a").is_err());
    }
}
