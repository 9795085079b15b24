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

/// Refuses a URL whose login ends too early, as by a `/` of its password: the rest of it would be taken for
/// something else, and shown in what is wrong with that.
///
/// # Errors
/// `Configuration` says how the characters are written, and not what stands there.
pub fn check_login(url: &str) -> Result<()> {
    let (_, rest) = url.split_once("://").unwrap_or(("", url));
    let (authority, behind) = rest.split_at(rest.find(['/', '?', '#']).unwrap_or(rest.len()));
    if authority.contains('@') || !behind.contains('@') {
        return Ok(());
    }
    let why = "an @ stands behind the host: in user and password write / as %2F, ? as %3F, # as %23; \
               behind the host write @ as %40";
    Err(wrong(why))
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_login_that_ends_too_early_is_refused_and_not_shown() {
        for url in
            ["x://me:1/hunter2@h", "x://me:p?hunter2@h/1", "x://me:#hunter2@h", "x://h?f=a@b"]
        {
            let error = check_login(url).unwrap_err();
            assert_eq!(error.kind(), Kind::Configuration);
            assert!(error.to_string().contains("%2F") && !error.to_string().contains("hunter2"));
        }
        for url in ["x://me:p@ss@h/1?f=a@b", "x://me:p%2Fss@h", "x://h/1?f=a%40b", "x"] {
            check_login(url).unwrap();
        }
    }
}
