//! What becomes of a delivery at the head of its lane: the checks, in their order.

use std::sync::Arc;

use wingman_core::event::{CloudEvent, extension};

use super::approve::{self, Handshake};
use super::id::{EventKey, ExecutionId, event_digest};
use super::input::{Arrival, Judged, Objection, Run, Started};
use super::lane;
use super::observe::{self, upheld};
use super::order::{self, Ordered};
use super::outcome::{Remains, dead_letter, refuse, settle, unclaimed, unjudged};
use super::park::{Terms, park};
use super::record::admit;
use super::row::{
    Claim, DeadReason, Decision, EffectState, Execution, ParkReason, Parked, Phase, Plan, Recorded,
    RefusalCode, Row,
};
use super::state::{Result, State};
use super::tool;
use super::worker::{LEASE, abandon};
use crate::audit::stamp::{Fact, commit};
use crate::contract::Producers;

/// How long a head is kept before it is judged again, if nothing wakes it, in milliseconds.
pub(super) const HOLD_MILLIS: u64 = 250;

/// Attempts that may be lost with their process, whatever the contract's retries.
const LOST_ATTEMPTS_MIN: usize = 3;

/// Judges a delivery. Everything it writes is one step: verdict and reservation together (R7).
pub(super) fn judge(state: &mut State<'_>, arrival: &Arrival) -> Result<Judged> {
    // A worker without a lease starts nothing; it is about to learn it and to join again.
    if !state.is_alive(&arrival.claim)? {
        return Ok(Judged::Hold(HOLD_MILLIS));
    }
    let event = match &arrival.event {
        Ok(event) => Arc::clone(event),
        Err(why) => {
            let phase = Phase::DeadLettered { reason: DeadReason::Malformed };
            unclaimed(state, arrival, phase, why)?;
            return Ok(Judged::Ack);
        }
    };
    let id = ExecutionId::of(&arrival.who, &event, 0);
    let (recorded, known) = match provenance(state, arrival, &event)? {
        Provenance::Known(recorded) => (recorded, state.execution(id)?),
        // Nobody can have executed what was not recorded until now.
        Provenance::New(recorded) => (recorded, None),
        Provenance::Filed => return Ok(Judged::Ack),
        Provenance::Halted => return Ok(Judged::Hold(HOLD_MILLIS)),
    };
    let mut execution = match known {
        // Its bytes are the ledger's: it is woken from there and from nowhere else.
        Some(_) if state.parked(id)?.is_some() => return Ok(Judged::Ack),
        Some(execution) => execution,
        None => new_execution(state, arrival, id, &event, &recorded),
    };
    if let Some(judged) = standing(state, &arrival.claim, &mut execution)? {
        return Ok(judged);
    }
    if state.is_halted(&arrival.who.handler)? {
        return Ok(Judged::Hold(HOLD_MILLIS));
    }
    weigh(state, arrival.claim, &event, &recorded, &mut execution, None, Remains::of(arrival))
}

/// The checks that a woken delivery passes too: everything between identity and start.
pub(super) fn weigh(
    state: &mut State<'_>,
    claim: Claim,
    event: &Arc<CloudEvent>,
    recorded: &Recorded,
    execution: &mut Execution,
    woken: Option<&Parked>,
    remains: Remains<'_>,
) -> Result<Judged> {
    order::note_moves(state, execution, event);
    let mut noted = Vec::new();
    let handshake = match obstacle(state, event, execution, woken, &mut noted)? {
        Obstacle::None(handshake) => handshake,
        Obstacle::Refuse(code, detail) => {
            refuse(state, execution, event, code, &detail)?;
            return Ok(Judged::Ack);
        }
        Obstacle::GiveUp(reason, detail) => {
            dead_letter(state, execution, reason, &detail, remains)?;
            return Ok(Judged::Ack);
        }
        Obstacle::Expired => {
            let handler = execution.who.handler.clone();
            settle(state, execution, Phase::Expired, Fact::Expired { handler })?;
            return Ok(Judged::Ack);
        }
        Obstacle::Park(reason, terms) => {
            park(state, execution, event, reason, terms, remains)?;
            return Ok(Judged::Ack);
        }
    };
    let is_in_turn = noted.iter().all(|it| it.code != RefusalCode::Order.as_str());
    observe::note(state, execution, execution.attempts + 1, noted)?;
    if is_in_turn {
        order::reserve(state, execution)?;
    }
    let mut started = start(state, claim, event, recorded, execution)?;
    (started.decision, started.approved) = (handshake.decision, handshake.approved);
    Ok(Judged::Run(Box::new(started)))
}

/// What stands in the way of a start.
enum Obstacle {
    None(Box<Granted>),
    Refuse(RefusalCode, String),
    GiveUp(DeadReason, String),
    Expired,
    Park(ParkReason, Terms),
}

/// What the handshake gave to the run.
#[derive(Default)]
struct Granted {
    decision: Option<Decision>,
    approved: Option<Plan>,
}

/// The first obstacle, in the order in which they count: what can never run before what must wait. What
/// is only observed is noted, and is none.
fn obstacle(
    state: &mut State<'_>,
    event: &CloudEvent,
    execution: &Execution,
    woken: Option<&Parked>,
    noted: &mut Vec<Objection>,
) -> Result<Obstacle> {
    if state.fence(execution.tree.clone())?.is_some() {
        let detail = "its tree is being undone".to_owned();
        return Ok(Obstacle::Refuse(RefusalCode::Rollback, detail));
    }
    if let Some(detail) = scope_fault(event, execution, state) {
        let objection = Objection::of(RefusalCode::Scope, event.ty(), detail);
        if let Some(objection) = upheld(state, noted, objection) {
            return Ok(Obstacle::Refuse(RefusalCode::Scope, objection.detail));
        }
    }
    if is_used_up(state, execution) {
        let detail = "its process ended or lost its lease at each attempt";
        return Ok(Obstacle::GiveUp(DeadReason::Exhausted, detail.to_owned()));
    }
    if is_expired(event, state.now) {
        let (about, detail) = (event.ty().to_owned(), "it is past its expirytime".to_owned());
        let objection = Objection { code: observe::EXPIRED, about, detail };
        if upheld(state, noted, objection).is_some() {
            return Ok(Obstacle::Expired);
        }
    }
    let body = event.data.as_deref().unwrap_or_default();
    if let Err(error) = state.contracts.validate_body(event.ty(), body) {
        let (about, detail) = (event.ty().to_owned(), error.to_string());
        let objection = Objection { code: observe::SCHEMA, about, detail };
        if let Some(objection) = upheld(state, noted, objection) {
            return Ok(Obstacle::GiveUp(DeadReason::SchemaMismatch, objection.detail));
        }
    }
    let waits = match woken {
        None => lane::is_taken(state, execution)?,
        Some(parked) => lane::is_before(state, parked)?,
    };
    if waits {
        return Ok(Obstacle::Park(ParkReason::Behind, Terms::until_woken(state)));
    }
    if let Some(obstacle) = disorder(state, event, execution, noted)? {
        return Ok(obstacle);
    }
    handshake(state, event, execution, noted)
}

/// G7: what an ordering rule has against it.
fn disorder(
    state: &mut State<'_>,
    event: &CloudEvent,
    execution: &Execution,
    noted: &mut Vec<Objection>,
) -> Result<Option<Obstacle>> {
    let (detail, obstacle) = match order::judge(state, execution, event)? {
        Ordered::Free => return Ok(None),
        Ordered::Wait(scope) => {
            let terms = Terms::until_woken(state);
            let detail = "something has to finish before it".to_owned();
            (detail, Obstacle::Park(ParkReason::Order { scope }, terms))
        }
        Ordered::Never(detail) => (detail.clone(), Obstacle::Refuse(RefusalCode::Order, detail)),
    };
    let objection = Objection::of(RefusalCode::Order, event.ty(), detail);
    Ok(upheld(state, noted, objection).map(|_| obstacle))
}

/// P-04. Whoever asks a person waits for the answer in both modes: asking is what it is for.
fn handshake(
    state: &mut State<'_>,
    event: &CloudEvent,
    execution: &Execution,
    noted: &mut Vec<Objection>,
) -> Result<Obstacle> {
    let granted = |decision, approved| Obstacle::None(Box::new(Granted { decision, approved }));
    Ok(match approve::judge(state, execution, event)? {
        Handshake::NotNeeded => granted(None, None),
        Handshake::Decided(decision) => granted(Some(decision), None),
        Handshake::Approved(plan) => granted(None, Some(*plan)),
        Handshake::Ask { plan, deadline_millis } => {
            let terms = Terms { due_millis: deadline_millis, deadline_millis };
            Obstacle::Park(ParkReason::Approval { plan }, terms)
        }
        Handshake::Refused { detail, plan } => {
            let objection = Objection::of(RefusalCode::Handshake, event.ty(), detail);
            match upheld(state, noted, objection) {
                Some(objection) => Obstacle::Refuse(RefusalCode::Handshake, objection.detail),
                None => granted(None, plan.map(|plan| *plan)),
            }
        }
    })
}

enum Provenance {
    Known(Box<Recorded>),
    /// It comes from outside and was recorded just now.
    New(Box<Recorded>),
    /// It was filed without an identity of its own; ack it.
    Filed,
    /// New work is stopped, so nothing is admitted either.
    Halted,
}

fn provenance(state: &mut State<'_>, arrival: &Arrival, event: &CloudEvent) -> Result<Provenance> {
    let file = |state: &mut State<'_>, phase, detail: &str| {
        unclaimed(state, arrival, phase, detail).map(|()| Provenance::Filed)
    };
    let refused = |code| Phase::Refused { code };
    match state.recorded(EventKey::of(event))? {
        Some(known) if known.digest == event_digest(event) => {
            Ok(Provenance::Known(Box::new(known)))
        }
        Some(_) => file(
            state,
            refused(RefusalCode::IdentityConflict),
            "this source and id are recorded with another digest",
        ),
        None => match state.contracts.event(event.ty()).map(|contract| &contract.producer) {
            None => file(
                state,
                Phase::DeadLettered { reason: DeadReason::UnknownType },
                &format!("the type {} has no contract", event.ty()),
            ),
            Some(Producers::Handlers(_)) => file(
                state,
                refused(RefusalCode::Unrecorded),
                "no execution under this ledger emitted it, and its type has no external producer",
            ),
            Some(Producers::External) if state.is_halted(&arrival.who.handler)? => {
                Ok(Provenance::Halted)
            }
            Some(Producers::External) => {
                admit(state, event).map(|recorded| Provenance::New(Box::new(recorded)))
            }
        },
    }
}

fn new_execution(
    state: &State<'_>,
    arrival: &Arrival,
    id: ExecutionId,
    event: &CloudEvent,
    recorded: &Recorded,
) -> Execution {
    Execution {
        event: recorded.key,
        cause: recorded.cause,
        depth: recorded.depth,
        key: event.partition_key().map(str::to_owned),
        ..unjudged(state, arrival, id, recorded.digest, recorded.tree.clone())
    }
}

/// What an earlier judgement left behind: an outcome, a wait, or somebody who runs it (R2, R4).
fn standing(
    state: &mut State<'_>,
    claim: &Claim,
    execution: &mut Execution,
) -> Result<Option<Judged>> {
    match execution.phase.clone() {
        Phase::Waiting => Ok(None),
        Phase::Retrying { due_millis } if due_millis > state.now => {
            Ok(Some(Judged::Hold(due_millis - state.now)))
        }
        Phase::Retrying { .. } => Ok(None),
        Phase::Parked { .. } => Ok(Some(Judged::Ack)),
        Phase::Started { claim: holder, attempt } => {
            if holder == *claim || state.is_alive(&holder)? {
                return Ok(Some(Judged::Hold(HOLD_MILLIS)));
            }
            abandon(state, execution, attempt, LEASE)?;
            Ok(None)
        }
        Phase::Finished | Phase::Refused { .. } | Phase::Expired | Phase::DeadLettered { .. } => {
            Ok(Some(Judged::Ack))
        }
    }
}

/// P-01: a handler without contract, a type outside it, depth.
fn scope_fault(event: &CloudEvent, execution: &Execution, state: &State<'_>) -> Option<String> {
    let handler = &execution.who.handler;
    let Some(contract) = state.contracts.handler(handler) else {
        return Some(format!("{handler} has no contract"));
    };
    let (name, ty) = (&contract.name, event.ty());
    if !contract.consumes.contains(ty) {
        return Some(format!("{name} does not declare to consume {ty}"));
    }
    if !state.contracts.event(ty).is_some_and(|it| it.consumers.admit(name)) {
        return Some(format!("{ty} does not admit {name} as a consumer"));
    }
    (execution.depth > contract.limits.depth).then(|| {
        format!(
            "depth {} in the tree, and limits.depth is {}",
            execution.depth, contract.limits.depth
        )
    })
}

/// Failures are counted where they are reported; this is for attempts that nobody came back from. A
/// contract without retries still survives a few crashes that may have other causes.
fn is_used_up(state: &State<'_>, execution: &Execution) -> bool {
    let mode = state.contracts.failure_mode(&execution.who.handler, &execution.event_type);
    let retries = mode.map_or(0, |it| it.retry.len());
    execution.failures.len() > retries.max(LOST_ATTEMPTS_MIN)
}

fn is_expired(event: &CloudEvent, now: u64) -> bool {
    event
        .extension(extension::EXPIRY)
        .and_then(|text| text.parse::<jiff::Timestamp>().ok())
        .is_some_and(|expiry| u64::try_from(expiry.as_millisecond()).unwrap_or(0) <= now)
}

/// The start is durable before the handler runs (G1); worker, epoch and attempt are in it (R2).
fn start(
    state: &mut State<'_>,
    claim: Claim,
    event: &Arc<CloudEvent>,
    recorded: &Recorded,
    execution: &mut Execution,
) -> Result<Started> {
    execution.attempts += 1;
    let attempt = execution.attempts;
    let fact = Fact::Started {
        handler: execution.who.handler.clone(),
        contract: execution.contract,
        event: recorded.key,
        commitment: commit(&recorded.salt, &recorded.digest),
        attempt,
        worker: claim.worker,
        epoch: claim.epoch,
    };
    execution.stamp = Some(state.stamp(execution, fact)?);
    execution.phase = Phase::Started { claim, attempt };
    execution.at_millis = state.now;
    state.rows.save(Row::Execution(execution.clone()))?;
    let unknown = if attempt > 1 { open_effects(state, execution)? } else { Vec::new() };
    Ok(Started {
        run: Run { execution: execution.id, claim, attempt },
        event: Arc::clone(event),
        depth: execution.depth,
        decision: None,
        approved: None,
        unknown,
    })
}

fn open_effects(state: &mut State<'_>, execution: &Execution) -> Result<Vec<super::row::Effect>> {
    let mut effects = tool::effects_so_far(state, execution)?;
    effects.retain(|effect| matches!(effect.state, EffectState::Registered | EffectState::Unknown));
    Ok(effects)
}
