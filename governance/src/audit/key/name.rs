//! The name of a key, as signed notes allow it.

use std::fmt;
use std::str::FromStr;

/// A key's name (C2SP signed-note): not empty, without spaces, plus signs and control characters.
/// For a log it is also the origin of its checkpoints, by custom a URL without its scheme, such as
/// `example.com/orders`.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct KeyName(String);

impl KeyName {
    /// The text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl FromStr for KeyName {
    type Err = NotAKeyName;

    fn from_str(text: &str) -> Result<Self, NotAKeyName> {
        let forbidden = |letter: char| letter.is_whitespace() || letter == '+' || letter < ' ';
        if text.is_empty() || text.contains(forbidden) {
            return Err(NotAKeyName(text.to_owned()));
        }
        Ok(Self(text.to_owned()))
    }
}

impl fmt::Display for KeyName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// The text cannot name a key.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NotAKeyName(String);

impl fmt::Display for NotAKeyName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let name = &self.0;
        write!(f, "{name:?} cannot name a key: use letters without spaces or +, as example.com/log")
    }
}

impl std::error::Error for NotAKeyName {}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn spaces_plus_control_characters_and_nothing_are_refused() {
        for name in ["example.com/log", "a", "日本/ログ", "a-b_c:d"] {
            assert_eq!(name.parse::<KeyName>().unwrap().as_str(), name);
        }
        for name in ["", " ", "a b", "a\u{2003}b", "a+b", "a\nb", "a\0b", "\u{1}"] {
            assert_eq!(name.parse::<KeyName>(), Err(NotAKeyName(name.to_owned())));
        }
    }
}
