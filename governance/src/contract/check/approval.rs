//! Checks that approvals can be asked for, given and spent (P-04).

use std::collections::BTreeMap;

use super::{Findings, Set, names};
use crate::contract::builder::Declared;
use crate::contract::error::ContractErrorKind::{Contradiction, UnknownReference};
use crate::contract::finding::FindingKind::NoPrincipals;
use crate::contract::handler::HandlerContract;
use crate::contract::principal::Principal;

pub(super) fn check(
    handler: &Declared<HandlerContract>,
    set: &Set<'_>,
    principals: &BTreeMap<&str, &Declared<Principal>>,
    findings: &mut Findings,
) {
    let Declared { value: contract, source, .. } = handler;
    let name = &contract.name;
    if let Some(approval) = &contract.approval {
        names::pointer("approval.plan", &approval.plan, source.at("approval.plan"), findings);
        names::name("role", &approval.role, source.at("approval.role"), findings);
        let held = principals.values().any(|it| it.value.roles.contains(&approval.role));
        let role = &approval.role;
        if principals.is_empty() {
            let what =
                format!("handler {name} asks for role {role}, but no principals are declared");
            let remedy = "declare \"principals\" with their keys and roles";
            findings.warning(NoPrincipals, source.at("approval.role"), what, remedy);
        } else if !held && set.is_whole() && principals.values().all(|it| it.sound) {
            let what = format!("handler {name} asks for role {role}, which no principal holds");
            let remedy = "give a principal that role or correct it";
            findings.error(UnknownReference, source.at("approval.role"), what, remedy);
        }
    }
    let Some(pointer) = &contract.requires_approval else {
        return;
    };
    let place = source.at("requires_approval");
    names::pointer("requires_approval", pointer, place.clone(), findings);
    if contract.approval.is_some() {
        let what = format!("handler {name} both asks for an approval and spends one");
        findings.error(Contradiction, place, what, "split it into two handlers");
    } else if set.is_whole() && !asked_upstream(contract, set) {
        let what = format!("handler {name} spends an approval that no handler before it asks for");
        let remedy = "give a handler that leads to it \"approval\"";
        findings.error(UnknownReference, place, what, remedy);
    }
}

/// Whether some handler whose events lead to this one asks for an approval.
fn asked_upstream(contract: &HandlerContract, set: &Set<'_>) -> bool {
    let mut wanted: Vec<&String> = contract.consumes.iter().collect();
    let mut rest: Vec<&Declared<HandlerContract>> = set.handlers.values().copied().collect();
    while let Some(event) = wanted.pop() {
        let (emitters, others): (Vec<_>, Vec<_>) =
            rest.into_iter().partition(|it| it.value.emits.contains(event));
        if emitters.iter().any(|it| it.value.approval.is_some()) {
            return true;
        }
        wanted.extend(emitters.iter().flat_map(|it| &it.value.consumes));
        rest = others;
    }
    false
}
