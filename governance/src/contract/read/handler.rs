//! Reads a handler document.

use std::collections::BTreeMap;

use super::problems::Problems;
use super::section::{Fields, Section};
use super::tree::Node;
use super::{failure, ordering};
use crate::contract::error::ContractErrorKind::Invalid;
use crate::contract::handler::{
    Approval, CoherenceForm, Halt, HandlerContract, Interrupt, Limits, PerformedBy, Scope,
};
use crate::contract::permit::Level;

const FIELDS: Fields = Fields {
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
const SCOPE: Fields =
    Fields { known: &["mission", "allowed", "disallowed", "done"], not_yet: &["systems"] };
const REFUSAL: Fields = Fields { known: &["event"], not_yet: &[] };
const APPROVAL: Fields = Fields { known: &["plan", "role", "within"], not_yet: &[] };
const INTERRUPT: Fields = Fields { known: &["halt"], not_yet: &["auto", "resume"] };
const LIMITS: Fields = Fields { known: &["depth", "fanout", "runtime"], not_yet: &["rate"] };

/// The handler of a document, with defaults for what could not be read.
pub(super) fn read(document: &Node, problems: &mut Problems) -> Option<HandlerContract> {
    let (name, section) = super::open_document(document, "handler", &FIELDS, problems)?;
    section.require(&["consumes"], problems);
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
    section.require(REFUSAL.known, problems);
    section.text("event", problems)
}

fn approval(of: &Section<'_>, problems: &mut Problems) -> Option<Approval> {
    let section = of.section("approval", &APPROVAL, problems)?;
    section.require(APPROVAL.known, problems);
    let plan = section.text("plan", problems);
    let role = section.text("role", problems);
    let within = section.duration("within", problems);
    Some(Approval { plan: plan?, role: role?, within: within? })
}

fn consequence_class(of: &Section<'_>, problems: &mut Problems) -> u8 {
    let words = [("0", 0), ("1", 1), ("2", 2)];
    of.word("consequence_class", &words, &["3", "4"], problems).unwrap_or_default()
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
    let not_yet = ["human", "model", "hybrid"];
    of.word("performed_by", &[("code", PerformedBy::Code)], &not_yet, problems)
}

fn coherence(of: &Section<'_>, problems: &mut Problems) -> Option<CoherenceForm> {
    let forms = [CoherenceForm::Fast, CoherenceForm::Full].map(|form| (form.as_str(), form));
    of.word("coherence", &forms, &[], problems)
}

fn interrupt(of: &Section<'_>, problems: &mut Problems) -> Option<Interrupt> {
    let section = of.section("interrupt", &INTERRUPT, problems)?;
    section.require(INTERRUPT.known, problems);
    let halt = section.word("halt", &[("drain", Halt::Drain)], &["quarantine"], problems)?;
    Some(Interrupt { halt })
}
