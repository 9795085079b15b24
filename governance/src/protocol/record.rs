//! R12: which events this ledger knows, and how they come to be known.

use std::sync::Arc;

use wingman_core::event::CloudEvent;

use super::id::{EventKey, ExecutionId, TreeId, event_digest};
use super::input::Published;
use super::order::text_of;
use super::row::{ChainLinks, OutboxRow, OutboxState, Recorded, RefusalCode, Row};
use super::settings::Mode;
use super::state::{Result, State};
use crate::audit::stamp::{Fact, commit};
use crate::contract::{Contracts, OrderingRule, Producers};

/// Who is named where no handler is: a producer outside.
pub(super) const EXTERNAL: &str = "external";

/// Where an event of the tree comes from.
pub(super) struct Lineage {
    pub(super) tree: TreeId,
    pub(super) cause: Option<ExecutionId>,
    pub(super) depth: u32,
}

/// Writes the row of an event that is not known yet.
pub(super) fn record(state: &mut State<'_>, event: &CloudEvent, from: Lineage) -> Result<Recorded> {
    let recorded = Recorded {
        key: EventKey::of(event),
        digest: event_digest(event),
        event_type: event.ty().to_owned(),
        tree: from.tree,
        cause: from.cause,
        depth: from.depth,
        salt: state.salt(),
        links: chain_links(state.contracts, event),
        at_millis: state.now,
    };
    state.rows.save(Row::Recorded(recorded.clone()))?;
    Ok(recorded)
}

/// Records an event that comes from outside and stamps it.
pub(super) fn admit(state: &mut State<'_>, event: &CloudEvent) -> Result<Recorded> {
    let tree: TreeId = event.correlation().into();
    let recorded = record(state, event, Lineage { tree, cause: None, depth: 0 })?;
    let commitment = commit(&recorded.salt, &recorded.digest);
    let fact = Fact::Recorded { event: recorded.key, commitment };
    state.append(None, Some(recorded.tree.clone()), fact)?;
    Ok(recorded)
}

/// A program publishes under this ledger: only types whose producer is external, so that no program
/// can pass for a handler.
pub(super) fn publish(state: &mut State<'_>, event: &Arc<CloudEvent>) -> Result<Published> {
    let refuse = |code, detail: String| Ok(Published::Refused { code, detail });
    let Some(contract) = state.contracts.event(event.ty()) else {
        let detail =
            format!("the type {} has no contract: add one, or correct the type", event.ty());
        return refuse(RefusalCode::Unrecorded, detail);
    };
    if let Producers::Handlers(handlers) = &contract.producer {
        let owners = handlers.iter().map(String::as_str).collect::<Vec<_>>().join(", ");
        let detail = format!(
            "{} is produced by {owners}; publish a type whose producer is external",
            event.ty()
        );
        return refuse(RefusalCode::Scope, detail);
    }
    let body = event.data.as_deref().unwrap_or_default();
    let unfit = state.contracts.validate_body(event.ty(), body).err();
    if let (Some(error), Mode::Enforce) = (&unfit, state.settings.mode) {
        return refuse(RefusalCode::Scope, error.to_string());
    }
    match state.recorded(EventKey::of(event))? {
        Some(known) if known.digest == event_digest(event) => return Ok(Published::Known),
        Some(_) => {
            let detail = "this source and id were used for another event".to_owned();
            return refuse(RefusalCode::IdentityConflict, detail);
        }
        None => {}
    }
    let tree: TreeId = event.correlation().into();
    if state.fence(tree.clone())?.is_some() {
        return refuse(RefusalCode::Rollback, "its tree is being undone".to_owned());
    }
    if unfit.is_some() {
        let (handler, about) = (EXTERNAL.to_owned(), event.ty().to_owned());
        let fact = Fact::WouldRefuse { handler, code: RefusalCode::Scope.as_str(), about };
        state.append(None, Some(tree.clone()), fact)?;
    }
    admit(state, event)?;
    let sequence = enqueue(
        state,
        event,
        &Lineage { tree, cause: None, depth: 0 },
        false,
        OutboxState::Unpublished,
    )?;
    Ok(Published::Recorded(sequence))
}

/// Puts an event into the outbox.
pub(super) fn enqueue(
    state: &mut State<'_>,
    event: &CloudEvent,
    from: &Lineage,
    exempt: bool,
    outbox: OutboxState,
) -> Result<u64> {
    let sequence = state.count(|counters| &mut counters.outbox)?;
    state.rows.save(Row::Outbox(OutboxRow {
        sequence,
        event: EventKey::of(event),
        event_type: event.ty().to_owned(),
        key: event.partition_key().map(str::to_owned),
        tree: from.tree.clone(),
        cause: from.cause,
        exempt,
        state: outbox,
        message: to_json(event).into(),
    }))?;
    Ok(sequence)
}

/// An event as rows keep it. Attributes are strings and data is verbatim, so this cannot fail.
pub(super) fn to_json(event: &CloudEvent) -> Vec<u8> {
    event.to_json().unwrap_or_default()
}

/// The body fields that some chain rule compares for events of this type.
fn chain_links(contracts: &Contracts, event: &CloudEvent) -> Option<ChainLinks> {
    let mut names = std::collections::BTreeSet::new();
    for rule in contracts.handlers().flat_map(|handler| &handler.ordering) {
        if let OrderingRule::Chain { types, key, digest } = rule
            && types.iter().any(|it| it == event.ty())
        {
            if let crate::contract::OrderingKey::Field(name) = key {
                names.insert(name.as_str());
            }
            names.extend(digest.iter().flat_map(|it| [it.from.as_str(), it.out.as_str()]));
        }
    }
    if names.is_empty() {
        return None;
    }
    let body: serde_json::Value =
        serde_json::from_slice(event.data.as_deref().unwrap_or_default()).unwrap_or_default();
    let text = |name: &str| Some((name.to_owned(), text_of(body.get(name)?)?));
    Some(ChainLinks { fields: names.into_iter().filter_map(text).collect() })
}
