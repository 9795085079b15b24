//! Checks one event contract, and its lists against the handlers.

use super::{Findings, Set, bounds, names};
use crate::contract::builder::Declared;
use crate::contract::error::ContractErrorKind::{Invalid, Missing};
use crate::contract::event::{Consumers, EventContract, Producers};
use crate::contract::finding::FindingKind::{IdleConsumer, IdleProducer, NoPurpose};
use crate::contract::place::Source;

pub(super) fn check(event: &Declared<EventContract>, set: &Set<'_>, findings: &mut Findings) {
    let Declared { value: contract, source, .. } = event;
    let name = &contract.event;
    names::name("event", name, source.at("event"), findings);
    if contract.version == 0 {
        let what = format!("event {name} has version 0");
        findings.error(Invalid, source.at("version"), what, "count versions from 1");
    }
    if contract.purpose.trim().is_empty() {
        let what = format!("event {name} has no purpose");
        let remedy = "say what its happening means";
        findings.warning(NoPurpose, source.at("purpose"), what, remedy);
    }
    if let Some(artifact) = &contract.audit_artifact {
        let place = source.at("audit_artifact");
        names::name("audit artifact", &artifact.name, place, findings);
    }
    let title = format!("event {name}");
    bounds::retries(&title, &contract.failure_mode, source, findings);
    producers(contract, source, set, findings);
    consumers(contract, source, set, findings);
}

fn producers(contract: &EventContract, source: &Source, set: &Set<'_>, findings: &mut Findings) {
    let Producers::Handlers(producers) = &contract.producer else {
        return;
    };
    let event = &contract.event;
    if producers.is_empty() {
        let what = format!("event {event} has no producer");
        let remedy = "name the handlers that emit it, or external";
        findings.error(Missing, source.at("producer"), what, remedy);
    }
    for producer in producers {
        let place = source.at(&format!("producer.{producer}"));
        names::name("producer", producer, place.clone(), findings);
        let emits = set.handlers.get(producer.as_str()).map(|it| it.value.emits.contains(event));
        match emits {
            Some(true) => {}
            Some(false) => {
                let what =
                    format!("event {event} names producer {producer}, which does not emit it");
                findings.warning(IdleProducer, place, what, "correct the name or remove it");
            }
            None => {
                let what =
                    format!("event {event} names producer {producer}, which has no contract");
                findings.warning(IdleProducer, place, what, "correct the name or remove it");
            }
        }
    }
}

fn consumers(contract: &EventContract, source: &Source, set: &Set<'_>, findings: &mut Findings) {
    let Consumers::Only(consumers) = &contract.consumers else {
        return;
    };
    let event = &contract.event;
    for consumer in consumers {
        let place = source.at(&format!("consumers.{consumer}"));
        names::name("consumer", consumer, place.clone(), findings);
        let consumes =
            set.handlers.get(consumer.as_str()).map(|it| it.value.consumes.contains(event));
        match consumes {
            Some(true) => {}
            Some(false) => {
                let what =
                    format!("event {event} names consumer {consumer}, which does not consume it");
                findings.warning(IdleConsumer, place, what, "correct the name or remove it");
            }
            None => {
                let what =
                    format!("event {event} names consumer {consumer}, which has no contract");
                findings.warning(IdleConsumer, place, what, "correct the name or remove it");
            }
        }
    }
}
