//! P-04: a plan waits for a YES, and a YES is used once (G5).

use wingman_core::event::CloudEvent;

use super::id::{ExecutionId, PlanDigest};
use super::input::{Decided, plan_digest};
use super::record::EXTERNAL;
use super::row::{Decision, Execution, Plan, Row, Scan};
use super::state::{Result, State};
use super::worker::millis;
use crate::audit::stamp::Fact;
use crate::contract::Approval;

/// The one answer that approves.
pub const YES: &str = "YES";

/// What the contract's handshake says about a delivery.
pub(super) enum Handshake {
    /// The contract asks for none.
    NotNeeded,
    /// The handler asked, and this is the answer: approved, denied or expired.
    Decided(Decision),
    /// The handler needs an approval, and spends this one.
    Approved(Box<Plan>),
    /// The question is put; park until the deadline.
    Ask { plan: PlanDigest, deadline_millis: u64 },
    /// There is no approval to spend, though perhaps a plan.
    Refused { detail: String, plan: Option<Box<Plan>> },
}

pub(super) fn judge(
    state: &mut State<'_>,
    execution: &Execution,
    event: &CloudEvent,
) -> Result<Handshake> {
    let Some(contract) = state.contracts.handler(&execution.who.handler) else {
        return Ok(Handshake::NotNeeded);
    };
    if let Some(approval) = contract.approval.clone() {
        return ask(state, execution, event, &approval);
    }
    match contract.requires_approval.clone() {
        Some(pointer) => spend(state, execution, event, &pointer),
        None => Ok(Handshake::NotNeeded),
    }
}

fn ask(
    state: &mut State<'_>,
    execution: &Execution,
    event: &CloudEvent,
    approval: &Approval,
) -> Result<Handshake> {
    let Some(value) = at(event, &approval.plan) else {
        return Ok(refused(format!("the body has no plan at {}", approval.plan), None));
    };
    let digest = plan_digest(&value);
    let Some(mut plan) = state.plan(digest)? else {
        let deadline_millis = state.now + millis(approval.within);
        let proposer = proposer(state, execution)?;
        state.rows.save(Row::Plan(Plan {
            digest,
            tree: execution.tree.clone(),
            asked_by: execution.id,
            proposer,
            role: approval.role.clone(),
            text: value.to_string(),
            asked_millis: state.now,
            deadline_millis,
            decision: Decision::Pending,
            spent_by: None,
        }))?;
        state.stamp(execution, Fact::Asked { plan: digest, role: approval.role.clone() })?;
        return Ok(Handshake::Ask { plan: digest, deadline_millis });
    };
    // A replay of the execution that asked goes on with its answer.
    let earlier = (0..=execution.replay).map(|it| ExecutionId::of(&execution.who, event, it));
    if !earlier.into_iter().any(|it| it == plan.asked_by) {
        let detail = "this very plan was put before somebody already; a plan is decided once";
        return Ok(refused(detail, None));
    }
    if plan.decision == Decision::Pending {
        if state.now < plan.deadline_millis {
            return Ok(Handshake::Ask { plan: digest, deadline_millis: plan.deadline_millis });
        }
        plan.decision = Decision::Expired;
        state.rows.save(Row::Plan(plan.clone()))?;
        state.stamp(execution, Fact::DecisionExpired { plan: digest })?;
    }
    Ok(Handshake::Decided(plan.decision))
}

/// An approval is spent by the first execution that starts under it; a later attempt of the same
/// execution goes on under it.
fn spend(
    state: &mut State<'_>,
    execution: &Execution,
    event: &CloudEvent,
    pointer: &str,
) -> Result<Handshake> {
    let Some(value) = at(event, pointer) else {
        return Ok(refused(format!("the body has no plan at {pointer}"), None));
    };
    let digest = match value.as_str().map(str::parse) {
        Some(Ok(digest)) => digest,
        Some(Err(_)) | None => plan_digest(&value),
    };
    let Some(mut plan) = state.plan(digest)? else {
        return Ok(refused("nobody was asked to approve this plan", None));
    };
    if plan.spent_by == Some(execution.id) && plan.tree == execution.tree {
        return Ok(Handshake::Approved(Box::new(plan)));
    }
    if let Some(why) = why_not_spent(state, execution, &plan) {
        return Ok(refused(why, Some(plan)));
    }
    plan.spent_by = Some(execution.id);
    state.rows.save(Row::Plan(plan.clone()))?;
    state.stamp(execution, Fact::Spent { plan: digest })?;
    Ok(Handshake::Approved(Box::new(plan)))
}

/// Why this execution cannot spend the approval of a plan.
fn why_not_spent(state: &State<'_>, execution: &Execution, plan: &Plan) -> Option<&'static str> {
    match &plan.decision {
        Decision::Approved { .. } => {}
        Decision::Pending => return Some("nobody has decided this plan yet"),
        Decision::Denied { .. } => return Some("this plan was denied"),
        Decision::Expired => return Some("nobody approved this plan in time"),
    }
    if plan.tree != execution.tree {
        return Some("this plan was approved for another request");
    }
    if plan.spent_by.is_some() {
        return Some("this approval was used already, and is good once");
    }
    (state.now >= plan.deadline_millis).then_some("this approval has expired")
}

fn refused(detail: impl Into<String>, plan: Option<Plan>) -> Handshake {
    Handshake::Refused { detail: detail.into(), plan: plan.map(Box::new) }
}

/// Takes an answer. The caller has verified that `by` signed it.
pub(super) fn decide(
    state: &mut State<'_>,
    digest: PlanDigest,
    by: String,
    answer: String,
    signature: String,
) -> Result<Decided> {
    let Some(mut plan) = state.plan(digest)? else {
        return Ok(Decided::UnknownPlan);
    };
    if plan.decision == Decision::Pending && state.now >= plan.deadline_millis {
        plan.decision = Decision::Expired;
        let fact = Fact::DecisionExpired { plan: digest };
        state.append(Some(plan.asked_by), Some(plan.tree.clone()), fact)?;
        state.rows.save(Row::Plan(plan.clone()))?;
        wake(state, digest)?;
    }
    if plan.decision != Decision::Pending {
        return Ok(Decided::Already(plan.decision));
    }
    if let Some(detail) = not_entitled(state, &plan, &by) {
        return Ok(Decided::NotEntitled { detail });
    }
    let at_millis = state.now;
    let (decision, fact) = if answer == YES {
        let fact = Fact::Approved { plan: digest, by: by.clone() };
        (Decision::Approved { by, signature, at_millis }, fact)
    } else {
        let fact = Fact::NotApproved { plan: digest, by: by.clone() };
        (Decision::Denied { by, answer, at_millis }, fact)
    };
    plan.decision = decision.clone();
    state.append(Some(plan.asked_by), Some(plan.tree.clone()), fact)?;
    state.rows.save(Row::Plan(plan))?;
    wake(state, digest)?;
    Ok(Decided::Taken(decision))
}

fn not_entitled(state: &State<'_>, plan: &Plan, by: &str) -> Option<String> {
    if by == plan.proposer {
        return Some(format!("{by} proposed this plan, and nobody approves their own"));
    }
    match state.contracts.principal(by) {
        None => Some(format!("{by} is not among the principals of the contracts")),
        Some(principal) if !principal.roles.contains(&plan.role) => {
            Some(format!("{by} does not hold the role {}", plan.role))
        }
        Some(_) => None,
    }
}

/// The handler whose execution emitted the event that holds the plan.
fn proposer(state: &mut State<'_>, execution: &Execution) -> Result<String> {
    let Some(cause) = execution.cause else {
        return Ok(EXTERNAL.to_owned());
    };
    Ok(state.execution(cause)?.map_or_else(|| "unknown".to_owned(), |it| it.who.handler))
}

fn wake(state: &mut State<'_>, plan: PlanDigest) -> Result<()> {
    for mut parked in state.parked_rows(&Scan::ParkedPlan { plan })? {
        parked.due_millis = state.now;
        state.rows.save(Row::Parked(parked))?;
    }
    Ok(())
}

fn at(event: &CloudEvent, pointer: &str) -> Option<serde_json::Value> {
    let body: serde_json::Value = serde_json::from_slice(event.data.as_deref()?).ok()?;
    body.pointer(pointer).cloned()
}
