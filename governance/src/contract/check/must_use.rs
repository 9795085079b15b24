//! Checks that a handler declares what the events it consumes say it must use.

use super::{Findings, Set};
use crate::contract::builder::Declared;
use crate::contract::error::ContractErrorKind::{Contradiction, Missing};
use crate::contract::event::{EventContract, Primitive};
use crate::contract::handler::HandlerContract;
use crate::contract::permit::{Level, names_tool};

pub(super) fn check(handler: &Declared<HandlerContract>, set: &Set<'_>, findings: &mut Findings) {
    let name = handler.value.name.as_str();
    if !set.handlers.get(name).is_some_and(|it| std::ptr::eq(*it, handler)) {
        return; // A second declaration of the name is reported as such.
    }
    for consumed in &handler.value.consumes {
        // A type without a contract is reported where it is consumed.
        let Some(event) = set.events.get(consumed.as_str()).filter(|it| it.sound) else {
            continue;
        };
        for primitive in &event.value.must_use {
            let mut demand =
                Demand { handler, event: &event.value, primitive: *primitive, findings };
            demand.check();
        }
    }
}

/// One primitive that an event demands of one handler.
struct Demand<'a> {
    handler: &'a Declared<HandlerContract>,
    event: &'a EventContract,
    primitive: Primitive,
    findings: &'a mut Findings,
}

impl Demand<'_> {
    fn check(&mut self) {
        match self.primitive {
            Primitive::ScopeLock => self.scope(),
            Primitive::PermissionBoundary => self.tools(),
            Primitive::Interrupt => {
                if self.handler.value.interrupt.is_none() {
                    self.missing(
                        "interrupt",
                        "does not say how it halts",
                        "interrupt: { halt: drain }",
                    );
                }
            }
            Primitive::ResponsibilityHandshake => self.approval(),
            Primitive::AuditStamp => {
                if self.handler.value.coherence.is_none() {
                    let what = "does not say what it tells of its outputs";
                    self.missing("coherence", what, "coherence: fast");
                }
            }
            Primitive::RollbackCovenant => self.rollback(),
        }
    }

    fn scope(&mut self) {
        let contract = &self.handler.value;
        if contract.scope.mission.trim().is_empty() {
            self.missing("scope", "declares no mission", "scope: { mission: … }");
        }
        if contract.scope.done.is_none() && !contract.emits.is_empty() {
            let what = "does not say which event completes its mission";
            self.missing("scope", what, "scope: { done: … }");
        }
    }

    fn tools(&mut self) {
        let contract = &self.handler.value;
        if contract.tools.is_none() {
            self.missing("tools", "does not say which tools it uses", "tools: {} if it uses none");
        }
        for (tool, level) in contract.granted() {
            let disallowed = contract.scope.disallowed.iter().any(|it| names_tool(it, tool));
            if !disallowed && contract.permits(tool, level).is_err() {
                let place = self.handler.source.at(&format!("tools.{tool}"));
                let what = self.what(&format!("holds {level} on {tool}, wider than its scope"));
                let remedy = "lower the level or widen the scope";
                self.findings.error(Contradiction, place, what, remedy);
            }
        }
    }

    fn approval(&mut self) {
        let contract = &self.handler.value;
        if let Some((tool, level)) = self.tool_above_read()
            && contract.requires_approval.is_none()
        {
            let what = format!("uses {tool} at {level} without an approval");
            self.missing("requires_approval", &what, "requires_approval: /plan");
        }
    }

    fn rollback(&mut self) {
        if let Some((tool, level)) = self.tool_above_read()
            && self.event.rollback.is_none()
        {
            let what = self.what(&format!(
                "uses {tool} at {level}, and the event does not say whether that can be undone"
            ));
            let remedy = format!(
                "add \"rollback: {{ kind: compensatable }}\", or irreversible, to event {}",
                self.event.event
            );
            let place = self.handler.source.at(&format!("tools.{tool}"));
            self.findings.error(Missing, place, what, remedy);
        }
    }

    /// The first tool that changes something outside; rolling a tree back undoes and is itself
    /// nothing to undo or approve.
    fn tool_above_read(&self) -> Option<(String, Level)> {
        let mut granted = self.handler.value.granted();
        let acts =
            |(tool, level): &(&str, Level)| *level > Level::Read && *tool != crate::rollback::TOOL;
        granted.find(acts).map(|(tool, level)| (tool.to_owned(), level))
    }

    fn missing(&mut self, field: &str, what: &str, add: &str) {
        let what = self.what(what);
        let place = self.handler.source.at(field);
        self.findings.error(Missing, place, what, format!("add \"{add}\""));
    }

    fn what(&self, what: &str) -> String {
        let (handler, event) = (&self.handler.value.name, &self.event.event);
        let primitive = self.primitive.as_str();
        format!("handler {handler} {what}, and event {event} demands {primitive}")
    }
}
