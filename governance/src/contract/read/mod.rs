//! Reads contracts from YAML: a positioned tree first, then each kind of document by hand.

mod describe;
mod event;
mod failure;
mod folder;
mod handler;
mod ordering;
mod principals;
mod problems;
mod section;
mod tree;

use std::path::Path;

use self::problems::Problems;
use self::section::{Fields, Section};
use self::tree::{Node, Value};
use super::builder::{ContractsBuilder, Declared};
use super::error::ContractErrorKind::Missing;
use super::place::Source;

pub use describe::DocumentKind;
pub(super) use folder::read_folder;

/// Reads every document of a text into the builder. `folder` is where schemas are looked for.
pub(super) fn read_text(
    into: &mut ContractsBuilder,
    file: &str,
    text: &str,
    folder: Option<&Path>,
) {
    let mut problems = Problems::new(file);
    for document in tree::documents(text, &mut problems) {
        read_document(into, &document, folder, &mut problems);
    }
    let (errors, names_lost) = problems.finish();
    into.errors.extend(errors);
    into.names_lost |= names_lost;
}

fn read_document(
    into: &mut ContractsBuilder,
    document: &Node,
    folder: Option<&Path>,
    problems: &mut Problems,
) {
    let before = problems.count();
    if matches!(document.value, Value::Empty) {
        return;
    }
    if document.member("event").is_some() {
        if let Some(contract) = event::read(document, folder, problems) {
            into.events.push(declared(contract, document, before, problems));
        }
    } else if document.member("handler").is_some() {
        if let Some(contract) = handler::read(document, problems) {
            into.handlers.push(declared(contract, document, before, problems));
        }
    } else if document.member("principals").is_some() {
        for (principal, node) in principals::read(document, problems) {
            into.principals.push(declared(principal, node, before, problems));
        }
    } else {
        let what = "this document is neither an event, nor a handler, nor principals".to_owned();
        let remedy = "give it a field \"event\", \"handler\" or \"principals\"";
        problems.unnamed(Missing, document.at, what, remedy);
    }
}

fn declared<T>(value: T, node: &Node, before: usize, problems: &Problems) -> Declared<T> {
    let source = Source::new(problems.place(node.at), node.places(problems.file()));
    Declared { value, source, sound: problems.count() == before }
}

/// Opens a document as what its naming field says it is.
fn open_document<'a>(
    document: &'a Node,
    field: &str,
    fields: &Fields,
    problems: &mut Problems,
) -> Option<(String, Section<'a>)> {
    let title = match document.member(field).and_then(Node::scalar) {
        Some(name) => format!("{field} {name}"),
        None => format!("this {field}"),
    };
    let section = Section::open(document, &title, fields, problems)?;
    let name = section.text(field, problems);
    if name.is_none() {
        problems.lose_names();
    }
    Some((name?, section))
}
