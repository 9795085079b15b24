//! Checks contracts against each other and against what this version enforces. The same checks
//! hold for contracts in files and in code.

mod approval;
pub(super) mod bounds;
mod event;
mod handler;
mod must_use;
pub(super) mod names;
pub(super) mod ordering;

use std::collections::BTreeMap;

use super::builder::{ContractsBuilder, Declared};
use super::error::{
    ContractError,
    ContractErrorKind::{self, Duplicate, UnknownReference},
};
use super::event::EventContract;
use super::finding::{Finding, FindingKind};
use super::handler::HandlerContract;
use super::place::Place;

/// Everything that is wrong, and everything that is doubtful.
pub(super) fn check(declared: &ContractsBuilder) -> (Vec<ContractError>, Vec<Finding>) {
    let mut findings = Findings::default();
    let set = Set {
        events: index(&declared.events, "event", |it| &it.event, &mut findings),
        handlers: index(&declared.handlers, "handler", |it| &it.name, &mut findings),
        names_lost: declared.names_lost,
    };
    let principals = index(&declared.principals, "principal", |it| &it.name, &mut findings);
    for event in declared.events.iter().filter(|it| it.sound) {
        event::check(event, &set, &mut findings);
    }
    for handler in declared.handlers.iter().filter(|it| it.sound) {
        handler::check(handler, &set, &mut findings);
        ordering::check(handler, &set, &mut findings);
        approval::check(handler, &set, &principals, &mut findings);
        must_use::check(handler, &set, &mut findings);
    }
    ordering::check_cycles(&set, &mut findings);
    (findings.errors, findings.warnings)
}

/// What is declared, by name.
struct Set<'a> {
    events: BTreeMap<&'a str, &'a Declared<EventContract>>,
    handlers: BTreeMap<&'a str, &'a Declared<HandlerContract>>,
    names_lost: bool,
}

impl<'a> Set<'a> {
    /// Whether every handler could be read, so that what is absent is absent.
    fn is_whole(&self) -> bool {
        !self.names_lost && self.handlers.values().all(|it| it.sound)
    }

    /// The contract of an event type, if it could be read. A type that nothing declares is
    /// reported, in the words of whoever refers to it.
    fn event(
        &self,
        name: &str,
        who_refers: &str,
        place: Place,
        findings: &mut Findings,
    ) -> Option<&'a Declared<EventContract>> {
        let Some(event) = self.events.get(name) else {
            if !self.names_lost {
                let what = format!("{who_refers} {name}, which has no event contract");
                findings.error(UnknownReference, place, what, "declare the event or correct it");
            }
            return None;
        };
        Some(*event).filter(|it| it.sound)
    }
}

/// What a check found.
#[derive(Default)]
struct Findings {
    errors: Vec<ContractError>,
    warnings: Vec<Finding>,
}

impl Findings {
    fn error(
        &mut self,
        kind: ContractErrorKind,
        place: Place,
        what: String,
        remedy: impl Into<String>,
    ) {
        self.errors.push(ContractError { kind, place, what, remedy: remedy.into() });
    }

    fn warning(
        &mut self,
        kind: FindingKind,
        place: Place,
        what: String,
        remedy: impl Into<String>,
    ) {
        self.warnings.push(Finding { kind, place, what, remedy: remedy.into() });
    }
}

/// Declarations by name; a second one of the same name is reported with the place of both.
fn index<'a, T>(
    declared: &'a [Declared<T>],
    what_it_is: &str,
    name: impl Fn(&'a T) -> &'a str,
    findings: &mut Findings,
) -> BTreeMap<&'a str, &'a Declared<T>> {
    let mut by_name: BTreeMap<&str, &Declared<T>> = BTreeMap::new();
    for each in declared {
        let name = name(&each.value);
        if let Some(first) = by_name.get(name) {
            let first = first.source.at("");
            let what = format!("{what_it_is} {name} is declared again; the first is at {first}");
            findings.error(Duplicate, each.source.at(""), what, "keep one of them");
        } else {
            by_name.insert(name, each);
        }
    }
    by_name
}
