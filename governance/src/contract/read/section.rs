//! A map of known fields, read by name: wrong fields and wrong values become problems, and
//! reading goes on with what is left.

use std::collections::BTreeSet;
use std::time::Duration;

use super::problems::Problems;
use super::tree::{Entry, Node, Value};
use crate::contract::duration;
use crate::contract::error::ContractErrorKind::{
    Duplicate, Invalid, Missing, NotEnforcedYet, UnknownField,
};
use crate::contract::place::Position;
use wingman_core::nearest::nearest;

/// Which fields a map may have.
pub(super) struct Fields {
    /// What this version reads and enforces.
    pub(super) known: &'static [&'static str],
    /// What it must have, besides the field by which a document is known.
    pub(super) required: &'static [&'static str],
    /// What the design names and this version does not enforce.
    pub(super) not_yet: &'static [&'static str],
}

/// Which words a field may hold.
pub(super) struct Words<T: 'static> {
    /// What this version reads and enforces, with its meaning.
    pub(super) known: &'static [(&'static str, T)],
    /// What the design names and this version does not enforce.
    pub(super) not_yet: &'static [&'static str],
}

/// A map with a title for messages.
pub(super) struct Section<'a> {
    title: String,
    at: Position,
    entries: &'a [Entry],
}

impl<'a> Section<'a> {
    /// Opens a map and reports the fields that it may not have, and those that it lacks.
    pub(super) fn open(
        node: &'a Node,
        title: &str,
        fields: &Fields,
        problems: &mut Problems,
    ) -> Option<Self> {
        let Value::Map(entries) = &node.value else {
            let what = format!("{title} is {}", node.describe());
            let remedy = format!("write a map with the fields {}", fields.known.join(", "));
            problems.add(Invalid, node.at, what, remedy);
            return None;
        };
        for entry in entries {
            let name = entry.name.as_str();
            if fields.not_yet.contains(&name) {
                let what = format!("field {name:?} of {title} is not enforced yet");
                problems.add(NotEnforcedYet, entry.at, what, "remove it");
            } else if !fields.known.contains(&name) {
                let what = format!("{title} has no field {name:?}");
                let remedy = match nearest(name, fields.known) {
                    Some(known) => format!("did you mean {known:?}?"),
                    None => format!("the fields are {}", fields.known.join(", ")),
                };
                problems.add(UnknownField, entry.at, what, remedy);
            }
        }
        let section = Self { title: title.to_owned(), at: node.at, entries };
        section.require(fields.required, problems);
        Some(section)
    }

    /// What the map is, for messages.
    pub(super) fn title(&self) -> &str {
        &self.title
    }

    /// A field that is there and not empty.
    pub(super) fn get(&self, name: &str, problems: &mut Problems) -> Option<&'a Node> {
        let entry = self.entries.iter().find(|entry| entry.name == name)?;
        if matches!(entry.value.value, Value::Empty) {
            let what = format!("field {name:?} of {} is empty", self.title);
            problems.add(Invalid, entry.at, what, "give it a value or remove it");
            return None;
        }
        Some(&entry.value)
    }

    /// The entries of a map whose member names are free.
    pub(super) fn map(&self, name: &str, problems: &mut Problems) -> Option<&'a [Entry]> {
        let node = self.get(name, problems)?;
        if let Value::Map(entries) = &node.value {
            return Some(entries);
        }
        self.wrong(name, node, "a map of names", problems);
        None
    }

    /// Reports that a field's value is not what is expected.
    pub(super) fn wrong(&self, name: &str, node: &Node, expected: &str, problems: &mut Problems) {
        let what = format!("field {name:?} of {} is {}", self.title, node.describe());
        problems.add(Invalid, node.at, what, format!("write {expected}"));
    }

    /// Reports that a field's value is known and not enforced.
    pub(super) fn not_yet(&self, name: &str, node: &Node, remedy: &str, problems: &mut Problems) {
        let what =
            format!("field {name:?} of {}: {} is not enforced yet", self.title, node.describe());
        problems.add(NotEnforcedYet, node.at, what, remedy);
    }

    pub(super) fn text(&self, name: &str, problems: &mut Problems) -> Option<String> {
        let node = self.get(name, problems)?;
        if node.scalar().is_none() {
            self.wrong(name, node, "text", problems);
        }
        node.scalar().map(str::to_owned)
    }

    pub(super) fn number(&self, name: &str, problems: &mut Problems) -> Option<u32> {
        let node = self.get(name, problems)?;
        let number = node.scalar().and_then(|text| text.parse().ok());
        if number.is_none() {
            self.wrong(name, node, "a whole number", problems);
        }
        number
    }

    pub(super) fn duration(&self, name: &str, problems: &mut Problems) -> Option<Duration> {
        let node = self.get(name, problems)?;
        self.duration_of(name, node, problems)
    }

    pub(super) fn durations(&self, name: &str, problems: &mut Problems) -> Option<Vec<Duration>> {
        let node = self.get(name, problems)?;
        let Value::List(items) = &node.value else {
            self.wrong(name, node, "a list of durations such as [5s, 2m]", problems);
            return None;
        };
        items.iter().map(|item| self.duration_of(name, item, problems)).collect()
    }

    /// A list of texts without repetition.
    pub(super) fn names(&self, name: &str, problems: &mut Problems) -> Option<BTreeSet<String>> {
        let list = self.list(name, problems)?;
        let mut names = BTreeSet::new();
        for (at, text) in list {
            if !names.insert(text.clone()) {
                let what = format!("field {name:?} of {} names {text:?} twice", self.title);
                problems.add(Duplicate, at, what, "keep one of them");
            }
        }
        Some(names)
    }

    /// A list of texts in order, each with its place.
    pub(super) fn list(
        &self,
        name: &str,
        problems: &mut Problems,
    ) -> Option<Vec<(Position, String)>> {
        let node = self.get(name, problems)?;
        let Value::List(items) = &node.value else {
            self.wrong(name, node, "a list such as [one, two]", problems);
            return None;
        };
        let mut texts = Vec::new();
        for item in items {
            match item.scalar() {
                Some(text) => texts.push((item.at, text.to_owned())),
                None => self.wrong(name, item, "a name", problems),
            }
        }
        Some(texts)
    }

    /// One of a few words; some are known and not enforced.
    pub(super) fn word<T: Copy>(
        &self,
        name: &str,
        words: &Words<T>,
        problems: &mut Problems,
    ) -> Option<T> {
        let node = self.get(name, problems)?;
        let text = node.scalar();
        if let Some((_, meaning)) = words.known.iter().find(|(word, _)| Some(*word) == text) {
            return Some(*meaning);
        }
        if text.is_some_and(|text| words.not_yet.contains(&text)) {
            self.not_yet(name, node, &format!("write {}", either(words.known)), problems);
        } else {
            self.wrong(name, node, &either(words.known), problems);
        }
        None
    }

    /// A map inside this one.
    pub(super) fn section(
        &self,
        name: &str,
        fields: &Fields,
        problems: &mut Problems,
    ) -> Option<Section<'a>> {
        let node = self.get(name, problems)?;
        Section::open(node, &format!("{name:?} of {}", self.title), fields, problems)
    }

    /// Reports fields that are not there.
    fn require(&self, names: &[&str], problems: &mut Problems) {
        for name in names {
            if !self.entries.iter().any(|entry| entry.name == *name) {
                let what = format!("{} has no field {name:?}", self.title);
                problems.add(Missing, self.at, what, format!("add {name:?}"));
            }
        }
    }

    fn duration_of(&self, name: &str, node: &Node, problems: &mut Problems) -> Option<Duration> {
        let duration = node.scalar().and_then(duration::parse);
        if duration.is_none() {
            let expected = "a duration such as 250ms, 5s, 2m or 1h, at most 720h";
            self.wrong(name, node, expected, problems);
        }
        duration
    }
}

/// `a, b or c`.
fn either<T>(words: &[(&str, T)]) -> String {
    let words: Vec<_> = words.iter().map(|(word, _)| *word).collect();
    match words.split_last() {
        Some((last, [])) => (*last).to_owned(),
        Some((last, rest)) => format!("{} or {last}", rest.join(", ")),
        None => String::new(),
    }
}
