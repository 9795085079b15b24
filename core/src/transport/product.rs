//! What a broker says that it is.

/// A broker's own account of itself, for people: programs act on [`super::Capabilities`].
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Product {
    /// Its name, such as `Redis`.
    pub name: String,
    /// Its version; `None` where it does not tell.
    pub version: Option<String>,
    /// Whether it is known only to stand for the broker, as an emulator does.
    pub is_stand_in: bool,
    /// What else it tells, by name: no secrets.
    pub facts: Vec<(&'static str, String)>,
}

impl Product {
    /// A product that tells nothing else.
    pub fn named(name: impl Into<String>) -> Self {
        Self { name: name.into(), version: None, is_stand_in: false, facts: Vec::new() }
    }

    /// With something else that it tells.
    #[must_use]
    pub fn with(mut self, name: &'static str, value: impl ToString) -> Self {
        self.facts.push((name, value.to_string()));
        self
    }
}
