//! Names of topics and groups, and the namespace that is put in front of both.

use std::fmt;
use std::sync::Arc;

use crate::error::{Error, Kind, Result};

/// The longest name in bytes, namespace included: the smallest limit of the brokers is larger,
/// except for SQS (80), whose adapter shortens by digest.
pub const NAME_BYTES_MAX: usize = 200;

/// Where messages are published.
///
/// A topic of ours lives under a name that the adapter makes of this one. One that a team
/// [has already](TopicName::existing) is found under exactly its own, and is another topic than one of
/// ours of the same text.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct TopicName {
    name: Arc<str>,
    is_existing: bool,
}

/// A named set of competing consumers; every group gets every message of its topic.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct GroupName(Arc<str>);

impl TopicName {
    /// Checks and takes a name: 1 to 200 ASCII letters, digits, `.`, `_` or `-`, the first a letter
    /// or digit.
    ///
    /// # Errors
    /// [`Kind::InvalidName`] says which character is wrong, or that the length is.
    pub fn new(name: impl AsRef<str>) -> Result<Self> {
        check("topic", name.as_ref())?;
        Ok(Self { name: name.as_ref().into(), is_existing: false })
    }

    /// What a team has on its broker and is consumed from as it stands: the topic, stream, queue or
    /// subscription of exactly this name, which is never made, declared or changed. Its groups have
    /// their own names too. 1 to 200 bytes, no control characters.
    ///
    /// # Errors
    /// [`Kind::InvalidName`].
    pub fn existing(name: impl AsRef<str>) -> Result<Self> {
        check_existing("topic", name.as_ref())?;
        Ok(Self { name: name.as_ref().into(), is_existing: true })
    }

    /// Whether it is a team's, found under exactly its own name.
    pub const fn is_existing(&self) -> bool {
        self.is_existing
    }

    /// The name as text.
    pub fn as_str(&self) -> &str {
        &self.name
    }
}

impl GroupName {
    /// Checks and takes a name, by the rules of [`TopicName::new`].
    ///
    /// # Errors
    /// [`Kind::InvalidName`] says which character is wrong, or that the length is.
    pub fn new(name: impl AsRef<str>) -> Result<Self> {
        check("group", name.as_ref()).map(|()| Self(name.as_ref().into()))
    }

    /// A group that a team has, by the rules of [`TopicName::existing`].
    ///
    /// # Errors
    /// [`Kind::InvalidName`].
    pub fn existing(name: impl AsRef<str>) -> Result<Self> {
        check_existing("group", name.as_ref()).map(|()| Self(name.as_ref().into()))
    }

    /// The name as text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

macro_rules! as_text {
    ($name:ident) => {
        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(self.as_str())
            }
        }

        impl fmt::Debug for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                write!(f, "{:?}", self.as_str())
            }
        }
    };
}

as_text!(TopicName);
as_text!(GroupName);

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
    check_length(what, name)?;
    let refuse = |why: String| Err(refused(what, name, why));
    if !name.starts_with(|first: char| first.is_ascii_alphanumeric()) {
        return refuse(format!("a {what} name starts with a letter or digit"));
    }
    match name.chars().find(|c| !c.is_ascii_alphanumeric() && !matches!(c, '.' | '_' | '-')) {
        Some(bad) => refuse(format!("{bad:?} is not allowed: use letters, digits, '.', '_', '-'")),
        None => Ok(()),
    }
}

/// What a broker allows in names differs, and a team's name is there already.
fn check_existing(what: &'static str, name: &str) -> Result<()> {
    check_length(what, name)?;
    match name.chars().find(|c| c.is_control()) {
        Some(bad) => Err(refused(what, name, format!("{bad:?} is not allowed in a name"))),
        None => Ok(()),
    }
}

fn check_length(what: &'static str, name: &str) -> Result<()> {
    if (1..=NAME_BYTES_MAX).contains(&name.len()) {
        return Ok(());
    }
    let bytes = name.len();
    let why = format!("a {what} name has 1 to {NAME_BYTES_MAX} bytes, this one has {bytes}");
    Err(refused(what, name, why))
}

fn refused(what: &'static str, name: &str, why: String) -> Error {
    Error::new(Kind::InvalidName, why).with("name", name).with("of", what)
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

    #[test]
    fn a_teams_names_are_taken_as_they_are_and_are_not_ours() {
        let theirs = TopicName::existing("shop:orders/eu").unwrap();
        assert!(theirs.is_existing() && theirs.as_str() == "shop:orders/eu");
        assert_eq!(GroupName::existing("billing v2").unwrap().as_str(), "billing v2");
        assert_ne!(TopicName::existing("orders").unwrap(), TopicName::new("orders").unwrap());
        for bad in ["", "a\nb", &"x".repeat(NAME_BYTES_MAX + 1)] {
            assert_eq!(TopicName::existing(bad).unwrap_err().kind(), Kind::InvalidName);
            assert_eq!(GroupName::existing(bad).unwrap_err().kind(), Kind::InvalidName);
        }
    }
}
