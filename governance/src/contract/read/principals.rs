//! Reads a principals document.

use super::problems::Problems;
use super::section::{Fields, Section};
use super::tree::{Node, Value};
use crate::contract::error::ContractErrorKind::Invalid;
use crate::contract::principal::Principal;

pub(super) const FIELDS: Fields = Fields { known: &["principals"], required: &[], not_yet: &[] };
pub(super) const PRINCIPAL: Fields = Fields {
    known: &["name", "public_key", "roles"],
    required: &["name", "public_key", "roles"],
    not_yet: &["expires", "revoked", "delegates"],
};

/// The principals of a document, each with the node that declares it.
pub(super) fn read<'a>(document: &'a Node, problems: &mut Problems) -> Vec<(Principal, &'a Node)> {
    let Some(section) = Section::open(document, "this document", &FIELDS, problems) else {
        return Vec::new();
    };
    let Some(node) = section.get("principals", problems) else {
        return Vec::new();
    };
    let Value::List(items) = &node.value else {
        section.wrong("principals", node, "a list of principals", problems);
        return Vec::new();
    };
    let mut principals = Vec::new();
    for item in items {
        match principal(item, problems) {
            Some(principal) => principals.push((principal, item)),
            None => problems.lose_names(),
        }
    }
    principals
}

fn principal(node: &Node, problems: &mut Problems) -> Option<Principal> {
    let title = match node.member("name").and_then(Node::scalar) {
        Some(name) => format!("principal {name}"),
        None => "this principal".to_owned(),
    };
    let section = Section::open(node, &title, &PRINCIPAL, problems)?;
    let name = section.text("name", problems);
    let roles = section.names("roles", problems);
    let text = section.text("public_key", problems)?;
    let at = section.get("public_key", problems)?.at;
    let principal = Principal::new(&name?, &text);
    match principal {
        Ok(principal) => Some(Principal { roles: roles?, ..principal }),
        Err(error) => {
            let what = format!("field \"public_key\" of {title} {error}");
            problems.add(Invalid, at, what, "write the base64 of 32 bytes");
            None
        }
    }
}
