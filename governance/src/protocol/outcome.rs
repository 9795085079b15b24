//! R4: outcomes. Whatever ends an execution goes through here, in one place.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD as BASE64;
use serde_json::json;
use wingman_core::event::{CloudEvent, extension};

use super::id::{EventKey, ExecutionId, TreeId, event_digest};
use super::input::{Arrival, Delivered};
use super::lane;
use super::order;
use super::output::send_alone;
use super::record::to_json;
use super::row::{DeadLetter, DeadReason, Execution, Fate, Original, Phase, RefusalCode, Row};
use super::state::{Result, State};
use crate::audit::stamp::Fact;
use crate::digest::Digest;

/// What is left of a delivery: what goes into the ledger if it waits there or ends in quarantine.
#[derive(Clone, Copy)]
pub(super) struct Remains<'a> {
    pub(super) event: Option<&'a CloudEvent>,
    pub(super) received: Received<'a>,
}

/// Where the bytes of a delivery are.
#[derive(Clone, Copy)]
pub(super) enum Received<'a> {
    /// The broker has just brought it.
    Delivered(&'a Delivered),
    /// The ledger has it.
    Kept(&'a Original),
}

impl<'a> Remains<'a> {
    pub(super) fn of(arrival: &'a Arrival) -> Self {
        let event = arrival.event.as_deref().ok();
        Self { event, received: Received::Delivered(&arrival.delivered) }
    }

    /// The delivery as rows keep it.
    pub(super) fn original(&self) -> Original {
        let Delivered { topic, position, message } = match self.received {
            Received::Delivered(delivered) => delivered,
            Received::Kept(original) => return original.clone(),
        };
        let headers = message.headers.iter();
        Original {
            topic: topic.clone(),
            position: position.clone(),
            key: message.key.as_ref().map(|key| BASE64.encode(key)),
            headers: headers.map(|(name, value)| (name.to_owned(), BASE64.encode(value))).collect(),
            payload: message.payload.clone(),
        }
    }
}

/// Writes an outcome: the row, its stamp, and what it frees.
pub(super) fn settle(
    state: &mut State<'_>,
    execution: &mut Execution,
    phase: Phase,
    fact: Fact,
) -> Result<()> {
    let stamp = state.stamp(execution, fact)?;
    execution.phase = phase;
    execution.at_millis = state.now;
    execution.stamp = Some(stamp);
    state.rows.save(Row::Execution(execution.clone()))?;
    order::release(state, execution)?;
    lane::leave(state, execution)
}

/// Ends an execution as refused, and tells others by the contract's refusal event.
pub(super) fn refuse(
    state: &mut State<'_>,
    execution: &mut Execution,
    event: &CloudEvent,
    code: RefusalCode,
    detail: &str,
) -> Result<()> {
    let handler = execution.who.handler.clone();
    execution.refusal = Some(detail.to_owned());
    settle(
        state,
        execution,
        Phase::Refused { code },
        Fact::Refused { handler: handler.clone(), code },
    )?;
    let Some((ty, depth)) = state
        .contracts
        .handler(&handler)
        .and_then(|it| Some((it.refusal.clone()?, it.limits.depth)))
    else {
        return Ok(());
    };
    // Beyond the depth nothing is told either: a handler that consumes its own refusals would go on
    // for ever.
    if code == RefusalCode::Rollback || execution.depth > depth {
        return Ok(());
    }
    if let Some(refusal) = refusal_event(execution, event, &ty, code, detail) {
        send_alone(state, execution, &refusal)?;
    }
    Ok(())
}

/// Ends an execution in quarantine.
pub(super) fn dead_letter(
    state: &mut State<'_>,
    execution: &mut Execution,
    reason: DeadReason,
    detail: &str,
    remains: Remains<'_>,
) -> Result<()> {
    settle(state, execution, Phase::DeadLettered { reason }, Fact::DeadLettered { reason })?;
    quarantine(state, execution, reason, detail, remains)
}

/// Ends what can claim no identity: it is filed under its place and digest, with its bytes.
pub(super) fn unclaimed(
    state: &mut State<'_>,
    arrival: &Arrival,
    phase: Phase,
    detail: &str,
) -> Result<()> {
    let digest = match &arrival.event {
        Ok(event) => event_digest(event),
        Err(_) => Digest::of(&arrival.delivered.message.payload),
    };
    let id = ExecutionId::unclaimed(&arrival.who, &arrival.delivered.position, &digest);
    if state.execution(id)?.is_some() {
        return Ok(());
    }
    let (reason, fact) = match &phase {
        Phase::DeadLettered { reason } => (*reason, Fact::DeadLettered { reason: *reason }),
        Phase::Refused { code } => {
            let handler = arrival.who.handler.clone();
            (DeadReason::Unclaimed, Fact::Refused { handler, code: *code })
        }
        Phase::Waiting
        | Phase::Started { .. }
        | Phase::Retrying { .. }
        | Phase::Parked { .. }
        | Phase::Finished
        | Phase::Expired => return Ok(()),
    };
    // A tree of its own: it must not show up in a tree that it merely claims.
    let tree = TreeId::from(id.to_string());
    let mut execution = unjudged(state, arrival, id, digest, tree);
    settle(state, &mut execution, phase, fact)?;
    quarantine(state, &execution, reason, detail, Remains::of(arrival))
}

/// The row of an execution that nobody has judged, at the root of a tree.
pub(super) fn unjudged(
    state: &State<'_>,
    arrival: &Arrival,
    id: ExecutionId,
    digest: Digest,
    tree: TreeId,
) -> Execution {
    let event_type =
        arrival.event.as_ref().map_or_else(|_| String::new(), |event| event.ty().to_owned());
    Execution {
        id,
        who: arrival.who.clone(),
        event: EventKey(digest),
        event_digest: digest,
        event_type,
        replay: 0,
        replays: None,
        tree,
        cause: None,
        depth: 0,
        key: None,
        contract: state.contracts.handler_digest(&arrival.who.handler).unwrap_or(digest),
        attempts: 0,
        phase: Phase::Waiting,
        failures: Vec::new(),
        effects: 0,
        refusal: None,
        would_refuse: Vec::new(),
        moves: Vec::new(),
        needs: Vec::new(),
        first_millis: state.now,
        at_millis: state.now,
        stamp: None,
    }
}

fn quarantine(
    state: &mut State<'_>,
    execution: &Execution,
    reason: DeadReason,
    detail: &str,
    remains: Remains<'_>,
) -> Result<()> {
    state.rows.save(Row::DeadLetter(DeadLetter {
        execution: execution.id,
        reason,
        detail: detail.to_owned(),
        at_millis: state.now,
        attempts: execution.failures.clone(),
        original: remains.original(),
        event: remains.event.map(to_json).unwrap_or_default().into(),
        fate: Fate::Waiting,
    }))
}

/// The event that tells others of a refusal. Its id follows from the execution, so that it is the
/// same however often it is made.
fn refusal_event(
    execution: &Execution,
    event: &CloudEvent,
    ty: &str,
    code: RefusalCode,
    detail: &str,
) -> Option<CloudEvent> {
    let body = json!({
        "code": code.as_str(),
        "reason": detail,
        "handler": execution.who.handler,
        "event": { "source": event.source(), "id": event.id(), "type": event.ty() },
    });
    let mut refusal = CloudEvent::new(
        format!("{}-refusal", execution.id),
        format!("/wingman/{}", execution.who.handler),
        ty,
    )
    .ok()?
    .with_json(body.to_string());
    refusal.time = event.time;
    refusal.set_extension(extension::CORRELATION, &*execution.tree).ok()?;
    refusal.set_extension(extension::CAUSATION, execution.id.to_string()).ok()?;
    if let Some(key) = &execution.key {
        refusal.set_extension(extension::PARTITION_KEY, key).ok()?;
    }
    Some(refusal)
}
