//! Names of topics and groups, and the namespace that is put in front of both.

use std::fmt;
use std::sync::Arc;

use crate::error::{Error, Kind, Result};

/// The longest name in bytes, namespace included: the smallest limit of the brokers is larger,
/// except for SQS (80), whose adapter shortens by digest.
pub const NAME_BYTES_MAX: usize = 200;

macro_rules! name {
    ($(#[$doc:meta])* $name:ident, $what:literal) => {
        $(#[$doc])*
        #[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub struct $name(Arc<str>);

        impl $name {
            /// Checks and takes a name: 1 to 200 ASCII letters, digits, `.`, `_` or `-`,
            /// the first a letter or digit.
            ///
            /// # Errors
            /// [`Kind::InvalidName`] says which character is wrong, or that the length is.
            pub fn new(name: impl AsRef<str>) -> Result<Self> {
                check($what, name.as_ref()).map(|()| Self(name.as_ref().into()))
            }

            /// The name as text.
            pub fn as_str(&self) -> &str {
                &self.0
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(&self.0)
            }
        }

        impl fmt::Debug for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                write!(f, "{:?}", &*self.0)
            }
        }
    };
}

name!(
    /// Where messages are published.
    TopicName,
    "topic"
);
name!(
    /// A named set of competing consumers; every group gets every message of its topic.
    GroupName,
    "group"
);

/// A prefix that keeps one deployment's topics and groups apart from another's.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Namespace(Option<Arc<str>>);

impl Namespace {
    /// A namespace; names become `prefix.name`. It obeys the rules of [`TopicName::new`].
    ///
    /// # Errors
    /// [`Kind::InvalidName`].
    pub fn new(prefix: impl AsRef<str>) -> Result<Self> {
        check("namespace", prefix.as_ref()).map(|()| Self(Some(prefix.as_ref().into())))
    }

    /// The topic of this name in the namespace.
    ///
    /// # Errors
    /// [`Kind::InvalidName`].
    pub fn topic(&self, name: &str) -> Result<TopicName> {
        TopicName::new(self.apply(name))
    }

    /// The group of this name in the namespace.
    ///
    /// # Errors
    /// [`Kind::InvalidName`].
    pub fn group(&self, name: &str) -> Result<GroupName> {
        GroupName::new(self.apply(name))
    }

    fn apply(&self, name: &str) -> String {
        match &self.0 {
            Some(prefix) => format!("{prefix}.{name}"),
            None => name.to_owned(),
        }
    }
}

fn check(what: &'static str, name: &str) -> Result<()> {
    let refuse =
        |why: String| Err(Error::new(Kind::InvalidName, why).with("name", name).with("of", what));
    if name.is_empty() || name.len() > NAME_BYTES_MAX {
        return refuse(format!(
            "a {what} name has 1 to {NAME_BYTES_MAX} bytes, this one has {}",
            name.len()
        ));
    }
    if !name.starts_with(|first: char| first.is_ascii_alphanumeric()) {
        return refuse(format!("a {what} name starts with a letter or digit"));
    }
    match name.chars().find(|c| !c.is_ascii_alphanumeric() && !matches!(c, '.' | '_' | '-')) {
        Some(bad) => refuse(format!("{bad:?} is not allowed: use letters, digits, '.', '_', '-'")),
        None => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_namespace_stands_in_front_of_both_kinds_of_name() {
        let space = Namespace::new("demo-7f3a").unwrap();
        assert_eq!(space.topic("Order.v1").unwrap().as_str(), "demo-7f3a.Order.v1");
        assert_eq!(space.group("billing").unwrap().as_str(), "demo-7f3a.billing");
        assert_eq!(Namespace::default().topic("Order").unwrap().as_str(), "Order");
    }

    #[test]
    fn bad_names_say_what_is_wrong() {
        for (name, part) in [("", "0"), ("a b", "' '"), ("-a", "starts"), ("ä", "starts")] {
            let error = TopicName::new(name).unwrap_err();
            assert_eq!(error.kind(), Kind::InvalidName);
            assert!(error.to_string().contains(part), "{error}");
        }
        assert!(TopicName::new("x".repeat(NAME_BYTES_MAX)).is_ok());
        assert!(TopicName::new("x".repeat(NAME_BYTES_MAX + 1)).is_err());
    }
}
