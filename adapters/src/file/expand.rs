//! Variables of the environment in a text.

use percent_encoding::{NON_ALPHANUMERIC, utf8_percent_encode};
use wingman_core::{Error, Kind, Result};

use super::Environment;

/// The text with each `${NAME}` replaced; what is put in is not looked at again.
///
/// # Errors
/// `Configuration` names a variable that is not set, or is no name, or says that one has no end.
pub(super) fn expanded(text: &str, environment: Environment<'_>) -> Result<String> {
    replaced(text, environment, |_, _, value| Ok(value.to_owned()))
}

/// A URL, and what its variables held.
pub(super) struct ExpandedUrl {
    pub(super) url: String,
    held: Vec<String>,
}

/// The URL with each `${NAME}` replaced by what means this value where it stands: percent-encoded in user,
/// password, path and the value of a key; as it is for a host, or for a whole URL.
///
/// # Errors
/// Those of [`expanded`]; `Configuration` names a variable that stands for a host and holds none, or that
/// does not stand for the value of a key.
pub(super) fn expanded_url(text: &str, environment: Environment<'_>) -> Result<ExpandedUrl> {
    let mut held = Vec::new();
    let url = replaced(text, environment, |before, after, value| {
        held.push(value.to_owned());
        match Place::of(before, after) {
            Place::Whole => Ok(value.to_owned()),
            Place::Part => Ok(encoded(value)),
            Place::Host if value.chars().all(is_of_host) => Ok(value.to_owned()),
            Place::Host => Err(wrong(
                "the variable stands for the host, and holds what no host has: write user, password \
                 and host as a variable each, or the whole url as one",
            )),
            Place::Key => Err(wrong("a variable stands for the value of a key: ?key=${NAME}")),
        }
    })?;
    Ok(ExpandedUrl { url, held })
}

impl ExpandedUrl {
    /// Whether a text shows what a variable held, or a part of it that a URL is taken apart into.
    pub(super) fn is_shown_in(&self, text: &str) -> bool {
        let parts = self.held.iter().flat_map(|value| value.split([',', ':']));
        let mut all = parts.filter(|part| !part.is_empty());
        all.any(|part| text.contains(part) || text.contains(&encoded(part)))
    }
}

/// Where in a URL a variable stands.
enum Place {
    /// Before `://`: it holds that, too.
    Whole,
    Host,
    /// User, password, path, or the value of a key.
    Part,
    Key,
}

impl Place {
    /// By what stands before it, replaced already, and after it.
    fn of(before: &str, after: &str) -> Self {
        let Some((_, before)) = before.split_once("://") else {
            return Self::Whole;
        };
        if let Some((_, query)) = before.split_once('?') {
            let pair = query.rsplit('&').next().unwrap_or_default();
            return if pair.contains('=') { Self::Part } else { Self::Key };
        }
        if before.contains(['/', '#']) {
            return Self::Part;
        }
        let authority = after.split(['/', '?', '#']).next().unwrap_or_default();
        if authority.contains('@') { Self::Part } else { Self::Host }
    }
}

fn is_of_host(c: char) -> bool {
    c.is_alphanumeric() || matches!(c, '.' | '-' | '_' | ':' | ',' | '[' | ']')
}

fn encoded(value: &str) -> String {
    utf8_percent_encode(value, NON_ALPHANUMERIC).to_string()
}

/// What to put for a variable: by the text before it, that after it, and its value.
fn replaced(
    text: &str,
    environment: Environment<'_>,
    mut put: impl FnMut(&str, &str, &str) -> Result<String>,
) -> Result<String> {
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
        let value = put(&whole, after, &value).map_err(|error| error.with("variable", name))?;
        whole.push_str(&value);
        rest = after;
    }
    whole.push_str(rest);
    Ok(whole)
}

fn wrong(why: &'static str) -> Error {
    Error::new(Kind::Configuration, why)
}
