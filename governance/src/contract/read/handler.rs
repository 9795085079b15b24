//! Reads a handler document.

use std::collections::BTreeMap;

use super::problems::Problems;
use super::section::{Fields, Section, Words};
use super::tree::Node;
use super::{failure, ordering};
use crate::contract::error::ContractErrorKind::Invalid;
use crate::contract::handler::{
    Approval, CoherenceForm, Halt, HandlerContract, Interrupt, Limits, PerformedBy, Scope,
};
use crate::contract::permit::Level;

pub(super) const FIELDS: Fields = Fields {
    known: &[
        "handler",
        "consumes",
        "emits",
        "scope",
        "tools",
        "refusal",
        "ordering",
        "approval",
        "requires_approval",
        "consequence_class",
        "limits",
        "performed_by",
        "interrupt",
        "failure_mode",
        "coherence",
    ],
    required: &["consumes"],
    not_yet: &[
        "undo",
        "handoff",
        "rollback",
        "principals",
        "audit_schema",
        "response",
        "not_after",
        "exactly_once",
        "mutex",
        "dedup",
    ],
};
pub(super) const SCOPE: Fields = Fields {
    known: &["mission", "allowed", "disallowed", "done"],
    required: &[],
    not_yet: &["systems"],
};
pub(super) const REFUSAL: Fields = Fields { known: &["event"], required: &["event"], not_yet: &[] };
pub(super) const APPROVAL: Fields = Fields {
    known: &["plan", "role", "within"],
    required: &["plan", "role", "within"],
    not_yet: &[],
};
pub(super) const INTERRUPT: Fields =
    Fields { known: &["halt"], required: &["halt"], not_yet: &["auto", "resume"] };
pub(super) const LIMITS: Fields =
    Fields { known: &["depth", "fanout", "runtime"], required: &[], not_yet: &["rate"] };

pub(super) const CLASSES: Words<u8> =
    Words { known: &[("0", 0), ("1", 1), ("2", 2)], not_yet: &["3", "4"] };
pub(super) const PERFORMERS: Words<PerformedBy> =
    Words { known: &[("code", PerformedBy::Code)], not_yet: &["human", "model", "hybrid"] };
pub(super) const HALTS: Words<Halt> =
    Words { known: &[("drain", Halt::Drain)], not_yet: &["quarantine"] };
pub(super) const FORMS: Words<CoherenceForm> = Words {
    known: &[
        (CoherenceForm::Fast.as_str(), CoherenceForm::Fast),
        (CoherenceForm::Full.as_str(), CoherenceForm::Full),
    ],
    not_yet: &[],
};

/// The handler of a document, with defaults for what could not be read.
pub(super) fn read(document: &Node, problems: &mut Problems) -> Option<HandlerContract> {
    let (name, section) = super::open_document(document, "handler", &FIELDS, problems)?;
    let mut handler = HandlerContract::new(&name);
    handler.consumes = section.names("consumes", problems).unwrap_or_default();
    handler.emits = section.names("emits", problems).unwrap_or_default();
    handler.scope = scope(&section, problems).unwrap_or_default();
    handler.tools = tools(&section, problems);
    handler.refusal = refusal(&section, problems);
    handler.ordering = ordering::read(&section, problems);
    handler.approval = approval(&section, problems);
    handler.requires_approval = section.text("requires_approval", problems);
    handler.consequence_class = consequence_class(&section, problems);
    handler.limits = limits(&section, problems).unwrap_or_default();
    handler.performed_by = performed_by(&section, problems).unwrap_or(handler.performed_by);
    handler.interrupt = interrupt(&section, problems);
    handler.failure_mode = failure::failure_mode(&section, problems);
    handler.coherence = coherence(&section, problems);
    Some(handler)
}

fn scope(of: &Section<'_>, problems: &mut Problems) -> Option<Scope> {
    let section = of.section("scope", &SCOPE, problems)?;
    Some(Scope {
        mission: section.text("mission", problems).unwrap_or_default(),
        allowed: section.names("allowed", problems),
        disallowed: section.names("disallowed", problems).unwrap_or_default(),
        done: section.text("done", problems),
    })
}

fn tools(of: &Section<'_>, problems: &mut Problems) -> Option<BTreeMap<String, Level>> {
    let mut tools = BTreeMap::new();
    for entry in of.map("tools", problems)? {
        let level = entry.value.scalar().and_then(Level::named);
        match level {
            Some(level) => drop(tools.insert(entry.name.clone(), level)),
            None => {
                let what = format!(
                    "the level of tool {} of {} is {}",
                    entry.name,
                    of.title(),
                    entry.value.describe()
                );
                problems.add(Invalid, entry.at, what, "write read, write, delete or admin");
            }
        }
    }
    Some(tools)
}

fn refusal(of: &Section<'_>, problems: &mut Problems) -> Option<String> {
    let section = of.section("refusal", &REFUSAL, problems)?;
    section.text("event", problems)
}

fn approval(of: &Section<'_>, problems: &mut Problems) -> Option<Approval> {
    let section = of.section("approval", &APPROVAL, problems)?;
    let plan = section.text("plan", problems);
    let role = section.text("role", problems);
    let within = section.duration("within", problems);
    Some(Approval { plan: plan?, role: role?, within: within? })
}

fn consequence_class(of: &Section<'_>, problems: &mut Problems) -> u8 {
    of.word("consequence_class", &CLASSES, problems).unwrap_or_default()
}

fn limits(of: &Section<'_>, problems: &mut Problems) -> Option<Limits> {
    let section = of.section("limits", &LIMITS, problems)?;
    let default = Limits::default();
    Some(Limits {
        depth: section.number("depth", problems).unwrap_or(default.depth),
        fanout: section.number("fanout", problems).unwrap_or(default.fanout),
        runtime: section.duration("runtime", problems).unwrap_or(default.runtime),
    })
}

fn performed_by(of: &Section<'_>, problems: &mut Problems) -> Option<PerformedBy> {
    of.word("performed_by", &PERFORMERS, problems)
}

fn coherence(of: &Section<'_>, problems: &mut Problems) -> Option<CoherenceForm> {
    of.word("coherence", &FORMS, problems)
}

fn interrupt(of: &Section<'_>, problems: &mut Problems) -> Option<Interrupt> {
    let section = of.section("interrupt", &INTERRUPT, problems)?;
    let halt = section.word("halt", &HALTS, problems)?;
    Some(Interrupt { halt })
}
