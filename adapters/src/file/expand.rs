//! Variables of the environment in a text.

use wingman_core::{Error, Kind, Result};

use super::Environment;

/// The text with each `${NAME}` replaced; what is put in is not looked at again.
///
/// # Errors
/// `Configuration` names a variable that is not set, or is no name, or says that one has no end.
pub(super) fn expanded(text: &str, environment: Environment<'_>) -> Result<String> {
    let mut whole = String::with_capacity(text.len());
    let mut rest = text;
    while let Some((before, after)) = rest.split_once("${") {
        if let Some(before) = before.strip_suffix('$') {
            whole.push_str(before);
            whole.push_str("${");
            rest = after;
            continue;
        }
        let Some((name, after)) = after.split_once('}') else {
            return Err(wrong("a variable has no end: write ${NAME}, or $${ for the characters"));
        };
        let is_name =
            !name.is_empty() && name.bytes().all(|it| it.is_ascii_alphanumeric() || it == b'_');
        if !is_name {
            return Err(wrong("a variable's name is letters, digits and _: ${NAME}"));
        }
        let Some(value) = environment(name) else {
            let why =
                "the environment has no such variable: set it, or write $${ for the characters";
            return Err(wrong(why).with("variable", name));
        };
        whole.push_str(before);
        whole.push_str(&value);
        rest = after;
    }
    whole.push_str(rest);
    Ok(whole)
}

fn wrong(why: &'static str) -> Error {
    Error::new(Kind::Configuration, why)
}
