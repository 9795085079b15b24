//! Reads an event document.

use std::collections::BTreeSet;
use std::path::Path;

use super::failure;
use super::folder::read_schema;
use super::problems::Problems;
use super::section::{Fields, Section, Words};
use super::tree::Node;
use crate::contract::error::ContractErrorKind::{Contradiction, Duplicate, Invalid, Missing};
use crate::contract::event::{
    AuditArtifact, Compatibility, Consumers, EventContract, Primitive, Producers, SchemaDocument,
};

pub(super) const FIELDS: Fields = Fields {
    known: &[
        "event",
        "version",
        "purpose",
        "producer",
        "consumers",
        "input_schema",
        "output_schema",
        "must_use",
        "failure_mode",
        "rollback",
        "audit_artifact",
        "compatibility",
    ],
    required: &["version", "producer"],
    not_yet: &["audit_schema", "response", "not_after", "exactly_once", "mutex", "dedup"],
};

pub(super) const ARTIFACT: Fields =
    Fields { known: &["name", "schema"], required: &["name", "schema"], not_yet: &[] };

pub(super) const COMPATIBILITIES: Words<Compatibility> =
    Words { known: &[("none", Compatibility::None)], not_yet: &["backward", "forward", "full"] };

pub(super) const PRIMITIVES: [(&str, Primitive); 6] = [
    ("P-01", Primitive::ScopeLock),
    ("P-02", Primitive::PermissionBoundary),
    ("P-03", Primitive::Interrupt),
    ("P-04", Primitive::ResponsibilityHandshake),
    ("P-05", Primitive::AuditStamp),
    ("P-06", Primitive::RollbackCovenant),
];

/// The event of a document, with defaults for what could not be read.
pub(super) fn read(
    document: &Node,
    folder: Option<&Path>,
    problems: &mut Problems,
) -> Option<EventContract> {
    let (name, section) = super::open_document(document, "event", &FIELDS, problems)?;
    let mut event = EventContract::new(&name, section.number("version", problems).unwrap_or(1));
    event.purpose = section.text("purpose", problems).unwrap_or_default();
    event.producer = producer(&section, problems).unwrap_or(event.producer);
    event.consumers = consumers(&section, problems).unwrap_or(event.consumers);
    event.input_schema = schema(&section, "input_schema", folder, problems);
    output_schema(&section, problems);
    event.must_use = must_use(&section, problems);
    event.failure_mode = failure::failure_mode(&section, problems).unwrap_or_default();
    event.rollback = failure::rollback(&section, problems);
    event.audit_artifact = audit_artifact(&section, folder, problems);
    event.compatibility = compatibility(&section, problems).unwrap_or(event.compatibility);
    Some(event)
}

fn producer(section: &Section<'_>, problems: &mut Problems) -> Option<Producers> {
    let node = section.get("producer", problems)?;
    match node.scalar() {
        Some("external") => return Some(Producers::External),
        Some(_) => {
            section.wrong("producer", node, "external, or a list of handlers", problems);
            return None;
        }
        None => {}
    }
    let names = section.names("producer", problems)?;
    if names.contains("external") {
        let what =
            format!("field \"producer\" of {} names \"external\" among handlers", section.title());
        let remedy = "write producer: external, or only handlers";
        problems.add(Contradiction, node.at, what, remedy);
    }
    Some(Producers::Handlers(names))
}

fn consumers(section: &Section<'_>, problems: &mut Problems) -> Option<Consumers> {
    let node = section.get("consumers", problems)?;
    match node.scalar() {
        Some("declared") => Some(Consumers::Declared),
        Some(_) => {
            section.wrong("consumers", node, "declared, or a list of handlers", problems);
            None
        }
        None => section.names("consumers", problems).map(Consumers::Only),
    }
}

fn schema(
    section: &Section<'_>,
    field: &str,
    folder: Option<&Path>,
    problems: &mut Problems,
) -> Option<SchemaDocument> {
    let path = section.text(field, problems)?;
    let at = section.get(field, problems)?.at;
    let document = read_schema(folder, &path, at, problems)?;
    Some(SchemaDocument { path, document })
}

/// `declared` is the only output schema of this version, so there is nothing to keep.
fn output_schema(section: &Section<'_>, problems: &mut Problems) {
    if let Some(node) = section.get("output_schema", problems)
        && node.scalar() != Some("declared")
    {
        section.not_yet("output_schema", node, "write declared", problems);
    }
}

fn must_use(section: &Section<'_>, problems: &mut Problems) -> BTreeSet<Primitive> {
    let mut primitives = BTreeSet::new();
    for (at, text) in section.list("must_use", problems).unwrap_or_default() {
        match PRIMITIVES.iter().find(|(word, _)| *word == text) {
            None => {
                let what = format!("field \"must_use\" of {} names {text:?}", section.title());
                problems.add(Invalid, at, what, "write primitives from P-01 to P-06");
            }
            Some((_, primitive)) => {
                if !primitives.insert(*primitive) {
                    let what =
                        format!("field \"must_use\" of {} names {text:?} twice", section.title());
                    problems.add(Duplicate, at, what, "keep one of them");
                }
            }
        }
    }
    primitives
}

/// A name alone would leave nothing to check the document by.
fn audit_artifact(
    section: &Section<'_>,
    folder: Option<&Path>,
    problems: &mut Problems,
) -> Option<AuditArtifact> {
    let node = section.get("audit_artifact", problems)?;
    if let Some(name) = node.scalar() {
        let what = format!("field \"audit_artifact\" of {} has no schema", section.title());
        let remedy = format!("write {{ name: {name}, schema: schemas/{name}.json }}");
        problems.add(Missing, node.at, what, remedy);
        return None;
    }
    let artifact = section.section("audit_artifact", &ARTIFACT, problems)?;
    let name = artifact.text("name", problems);
    let schema = schema(&artifact, "schema", folder, problems);
    Some(AuditArtifact { name: name?, schema: schema? })
}

fn compatibility(section: &Section<'_>, problems: &mut Problems) -> Option<Compatibility> {
    section.word("compatibility", &COMPATIBILITIES, problems)
}
