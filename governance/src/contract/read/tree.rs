//! YAML as a tree in which everything knows its line.

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::sync::Arc;

use saphyr_parser::{Event, Marker, Parser, ScalarStyle, ScanError, Span, StrInput};

use super::problems::Problems;
use crate::contract::error::ContractErrorKind;
use crate::contract::place::{Place, Position};

/// How deep values may nest; contracts need five levels.
const DEPTH_MAX: usize = 16;

/// A value and where it begins.
#[derive(Debug)]
pub(super) struct Node {
    pub(super) at: Position,
    pub(super) value: Value,
}

/// What YAML can say here. Types of scalars are judged by who reads them.
#[derive(Debug)]
pub(super) enum Value {
    /// Nothing, `~` or `null`, unquoted.
    Empty,
    Scalar(String),
    List(Vec<Node>),
    Map(Vec<Entry>),
}

/// One member of a map.
#[derive(Debug)]
pub(super) struct Entry {
    pub(super) name: String,
    pub(super) at: Position,
    pub(super) value: Node,
}

impl Node {
    /// The text of a scalar.
    pub(super) fn scalar(&self) -> Option<&str> {
        match &self.value {
            Value::Scalar(text) => Some(text),
            Value::Empty | Value::List(_) | Value::Map(_) => None,
        }
    }

    /// The value of a map's member.
    pub(super) fn member(&self, name: &str) -> Option<&Self> {
        match &self.value {
            Value::Map(entries) => {
                entries.iter().find(|entry| entry.name == name).map(|it| &it.value)
            }
            Value::Empty | Value::Scalar(_) | Value::List(_) => None,
        }
    }

    /// What the value is, for messages.
    pub(super) fn describe(&self) -> Cow<'static, str> {
        match &self.value {
            Value::Empty => "nothing".into(),
            Value::Scalar(text) => format!("{text:?}").into(),
            Value::List(_) => "a list".into(),
            Value::Map(_) => "a map".into(),
        }
    }

    /// The places of everything below, keyed as [`Source`](crate::contract::place::Source) wants.
    pub(super) fn places(&self, file: &Arc<str>) -> BTreeMap<String, Place> {
        let mut places = BTreeMap::new();
        self.collect_places("", file, &mut places);
        places
    }

    fn collect_places(&self, path: &str, file: &Arc<str>, to: &mut BTreeMap<String, Place>) {
        let joined = |name: &str| match path {
            "" => name.to_owned(),
            path => format!("{path}.{name}"),
        };
        match &self.value {
            Value::Empty | Value::Scalar(_) => {}
            Value::Map(entries) => {
                for entry in entries {
                    to.insert(joined(&entry.name), entry.at.within(file));
                    entry.value.collect_places(&joined(&entry.name), file, to);
                }
            }
            Value::List(items) => {
                for (at, item) in items.iter().enumerate() {
                    let here = match &item.value {
                        Value::Scalar(text) => joined(text),
                        Value::Empty | Value::List(_) | Value::Map(_) => format!("{path}[{at}]"),
                    };
                    to.insert(here.clone(), item.at.within(file));
                    item.collect_places(&here, file, to);
                }
            }
        }
    }
}

/// Parses the documents of a file. What is not YAML ends the file; everything else that is wrong
/// is reported and read on.
pub(super) fn documents(text: &str, problems: &mut Problems) -> Vec<Node> {
    let mut walk = Walk { parser: Parser::new_from_str(text), problems };
    let mut documents = Vec::new();
    loop {
        match walk.document() {
            Ok(Some(node)) => documents.push(node),
            Ok(None) => return documents,
            Err(error) => {
                let at = position(*error.marker());
                let what = format!("this is not YAML: {}", error.info());
                problems.unnamed(ContractErrorKind::Syntax, at, what, "correct the text");
                return documents;
            }
        }
    }
}

struct Walk<'text, 'problems> {
    parser: Parser<'text, StrInput<'text>>,
    problems: &'problems mut Problems,
}

impl<'text> Walk<'text, '_> {
    fn next(&mut self) -> Result<(Event<'text>, Span), ScanError> {
        self.parser.next_event().unwrap_or(Ok((Event::StreamEnd, Span::default())))
    }

    fn document(&mut self) -> Result<Option<Node>, ScanError> {
        loop {
            let (event, _) = self.next()?;
            if matches!(event, Event::StreamEnd) {
                return Ok(None);
            }
            if matches!(event, Event::DocumentStart(_)) {
                let (event, span) = self.next()?;
                return self.node(event, span, 0).map(Some);
            }
        }
    }

    fn node(&mut self, event: Event<'text>, span: Span, depth: usize) -> Result<Node, ScanError> {
        if depth > DEPTH_MAX {
            let text = format!("values nest deeper than {DEPTH_MAX} levels");
            return Err(ScanError::new(span.start, text));
        }
        let at = position(span.start);
        if has_tag_or_anchor(&event) {
            let what = "tags (!), anchors (&) and aliases (*) are not read".to_owned();
            self.problems.add(ContractErrorKind::Invalid, at, what, "write the value out");
        }
        let value = match event {
            Event::Scalar(text, ScalarStyle::Plain, ..)
                if matches!(&*text, "" | "~" | "null" | "Null" | "NULL") =>
            {
                Value::Empty
            }
            Event::Scalar(text, ..) => Value::Scalar(text.into_owned()),
            Event::SequenceStart(..) => Value::List(self.list(depth)?),
            Event::MappingStart(..) => Value::Map(self.map(depth)?),
            Event::Alias(_)
            | Event::Nothing
            | Event::StreamStart
            | Event::StreamEnd
            | Event::DocumentStart(_)
            | Event::DocumentEnd
            | Event::SequenceEnd
            | Event::MappingEnd => Value::Empty,
        };
        Ok(Node { at, value })
    }

    fn list(&mut self, depth: usize) -> Result<Vec<Node>, ScanError> {
        let mut items = Vec::new();
        loop {
            match self.next()? {
                (Event::SequenceEnd, _) => return Ok(items),
                (event, span) => items.push(self.node(event, span, depth + 1)?),
            }
        }
    }

    fn map(&mut self, depth: usize) -> Result<Vec<Entry>, ScanError> {
        let mut entries: Vec<Entry> = Vec::new();
        loop {
            let key = match self.next()? {
                (Event::MappingEnd, _) => return Ok(entries),
                (event, span) => self.node(event, span, depth + 1)?,
            };
            let (event, span) = self.next()?;
            let value = self.node(event, span, depth + 1)?;
            let Value::Scalar(name) = key.value else {
                let what = format!("a field's name is {}", key.describe());
                self.problems.add(
                    ContractErrorKind::Invalid,
                    key.at,
                    what,
                    "name it in plain text",
                );
                continue;
            };
            if let Some(first) = entries.iter().find(|entry| entry.name == name) {
                let first = self.problems.place(first.at);
                let what = format!("field {name:?} is given again; the first is at {first}");
                self.problems.add(ContractErrorKind::Duplicate, key.at, what, "keep one of them");
                continue;
            }
            entries.push(Entry { name, at: key.at, value });
        }
    }
}

fn has_tag_or_anchor(event: &Event<'_>) -> bool {
    match event {
        Event::Alias(_) => true,
        Event::Scalar(_, _, anchor, tag)
        | Event::SequenceStart(anchor, tag)
        | Event::MappingStart(anchor, tag) => *anchor != 0 || tag.is_some(),
        Event::Nothing
        | Event::StreamStart
        | Event::StreamEnd
        | Event::DocumentStart(_)
        | Event::DocumentEnd
        | Event::SequenceEnd
        | Event::MappingEnd => false,
    }
}

fn position(marker: Marker) -> Position {
    Position { line: marker.line().max(1), column: marker.col() + 1 }
}
