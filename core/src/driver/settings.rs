//! Reading the settings of a connection: errors that name the key and never the secret.

use std::fmt;
use std::str::FromStr;

use percent_encoding::percent_decode_str;
use serde::Deserialize;

use crate::error::{Error, Kind, Result};
use crate::nearest::nearest;

/// A password. `Debug` shows that there is one, and nothing of it.
#[derive(Clone, PartialEq, Eq, Deserialize)]
#[serde(transparent)]
pub struct Secret(String);

impl Secret {
    /// Takes a secret.
    pub fn new(secret: impl Into<String>) -> Self {
        Self(secret.into())
    }

    /// The secret itself, for the client that needs it.
    pub fn expose(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("[redacted]")
    }
}

/// A setting that cannot work, by its key.
pub fn wrong(message: &'static str) -> Error {
    Error::new(Kind::Configuration, message)
}

/// The error for a key that a URL may not have: it names the nearest one and all.
pub fn unknown_key(key: &str, keys: &[&str]) -> Error {
    let known = keys.join(", ");
    let message = match nearest(key, keys) {
        Some(near) => format!("unknown key in the URL: did you mean {near}? The keys are {known}"),
        None => format!("unknown key in the URL: the keys are {known}"),
    };
    Error::new(Kind::Configuration, message).with("key", key)
}

/// User or password as they stand in a URL.
///
/// # Errors
/// `Configuration` names the part, and not what stands there.
pub fn decoded(part: &'static str, text: &str) -> Result<String> {
    let text = percent_decode_str(text).decode_utf8();
    text.map(Into::into).map_err(|_| wrong("not UTF-8 after percent-decoding").with("part", part))
}

/// The value of a key that takes a number.
///
/// # Errors
/// `Configuration` names key and value.
pub fn number<T: FromStr<Err: fmt::Display>>(key: &'static str, value: &str) -> Result<T> {
    value.parse().map_err(|error: T::Err| {
        wrong("not a number that fits here")
            .with("key", key)
            .with("value", value)
            .because(error.to_string())
    })
}
