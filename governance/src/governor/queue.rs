//! Handlers of what a team has on its broker: what their contracts must say.

use std::collections::BTreeMap;

use wingman_core::bus::{Mapping, Queue};

use super::StartError;
use crate::contract::{Contracts, Producers};

/// Two handlers of one group of a queue would each get a part of its messages.
///
/// # Errors
/// [`StartError::Bus`] names both.
pub(super) fn check_apart(queues: &BTreeMap<String, Queue>) -> Result<(), StartError> {
    for (at, (name, queue)) in queues.iter().enumerate() {
        for (other, before) in queues.iter().take(at) {
            queue.check_apart(name, (other, before))?;
        }
    }
    Ok(())
}

/// A declared queue carries one type, unless its messages say theirs: its handler is subscribed to
/// nothing else, and what is in it was recorded by nobody (R12).
///
/// # Errors
/// [`StartError::Handler`] says what the contracts lack.
pub(super) fn check(contracts: &Contracts, name: &str, queue: &Queue) -> Result<(), StartError> {
    let Mapping::Declared(declared) = queue.mapping() else {
        return Ok(());
    };
    let (Some(carried), Some(contract)) = (declared.only_type(), contracts.handler(name)) else {
        return Ok(());
    };
    let refuse = |why, remedy| Err(StartError::Handler { handler: name.to_owned(), why, remedy });
    if let Some(other) = contract.consumes.iter().find(|ty| *ty != carried) {
        return refuse(
            format!("its contract consumes {other}, and its queue carries {carried} alone"),
            format!("take {other} out of `consumes`, or give it to a handler of its own"),
        );
    }
    match contracts.event(carried).map(|event| &event.producer) {
        Some(Producers::External) => Ok(()),
        Some(Producers::Handlers(_)) | None => refuse(
            format!("its queue carries {carried}, which others produce, and no contract says so"),
            format!("say `producer: external` in event {carried}"),
        ),
    }
}
