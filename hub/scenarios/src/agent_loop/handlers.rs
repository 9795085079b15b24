//! Handlers A to G. They are scripted code where a real system has agents; every decision is the
//! engines': scope and permission by the executor's contract, the handshake by a signed answer, the
//! rollback by what the ledger says was done.

use wingman_core::event::Output;
use wingman_core::handler::{Emit, Failure, Fault, Incoming, Refusal};
use wingman_governance::audit::{
    Account, ClaimType, Coherence, Proofs, SourceIntegrity, UncertaintyLevel,
};
use wingman_governance::handshake::{Answer, Approved};
use wingman_governance::permission::{ToolError, Tools};
use wingman_governance::rollback::Rollback;
use wingman_governance::scope::Boundaries;

use super::events::{
    CompensationPlanned, ExecutionApproved, ExecutionBlocked, ExecutionComplete, ExecutionFailed,
    ExecutionPlanProposed, ExecutionRecorded, ExecutionRefused, PermissionDenied,
    PermissionsVerified, Plan, Receipt, RequestRejected, RequestValidated, Step,
    UserRequestReceived,
};
use super::interpret::interpret;

/// The handler that acts; A and B judge on its behalf.
pub const EXECUTOR: &str = "tool-executor";

/// What A says.
#[derive(Debug, Emit)]
pub enum Filtered {
    /// Everything is in scope.
    Validated(RequestValidated),
    /// Something is not.
    Rejected(RequestRejected),
}

/// A, Scope Filter.
pub async fn scope_filter(request: Incoming<UserRequestReceived>, bounds: Boundaries) -> Filtered {
    let number = request.number;
    let steps = interpret(&request.text);
    match steps.iter().find_map(|step| bounds.scope(EXECUTOR, &step.tool).err()) {
        None => Filtered::Validated(RequestValidated { number, steps }),
        Some(fault) => {
            let code = fault.code.to_owned();
            Filtered::Rejected(RequestRejected { number, code, reason: fault.reason })
        }
    }
}

/// What B says.
#[derive(Debug, Emit)]
pub enum Verified {
    /// Every level is held.
    Verified(PermissionsVerified),
    /// One is not.
    Denied(PermissionDenied),
}

/// B, Permission Boundary Filter.
pub async fn permission_boundary_filter(
    request: Incoming<RequestValidated>,
    bounds: Boundaries,
) -> Verified {
    let number = request.number;
    match request.steps.iter().find_map(|step| bounds.permission(EXECUTOR, &step.tool).err()) {
        None => {
            let steps = request.into_payload().steps;
            Verified::Verified(PermissionsVerified { number, steps })
        }
        Some(fault) => {
            let code = fault.code.to_owned();
            Verified::Denied(PermissionDenied { number, code, reason: fault.reason })
        }
    }
}

/// C, Execution Proposal Generator.
pub async fn execution_proposal_generator(
    request: Incoming<PermissionsVerified>,
    bounds: Boundaries,
    account: Account,
) -> ExecutionPlanProposed {
    account.coherence(worth(&request.steps));
    let plan = Plan {
        request: request.event.correlation().to_owned(),
        number: request.number,
        consequence_class: bounds.consequence_class(EXECUTOR).unwrap_or_default(),
        rehearsed: false,
        steps: request.into_payload().steps,
    };
    ExecutionPlanProposed { plan }
}

/// What a plan is worth. A script can tell; an agent would say here what it knows of its own work.
fn worth(steps: &[Step]) -> Coherence {
    let tools: Vec<&str> = steps.iter().map(|step| step.tool.as_str()).collect();
    Coherence::default()
        .claim(ClaimType::Recommendation)
        .assumption("the request means what its words say")
        .uncertainty(UncertaintyLevel::Low, "the plan follows from the words by a fixed table")
        .source(SourceIntegrity::Provided)
        .failure_mode(format!("{} cannot be done", tools.join(", ")))
        .rollback("files are restored; what was sent stays sent")
        .responsibility("whoever answers YES")
        .escalation("a step fails")
}

/// What D says.
#[derive(Debug, Emit)]
pub enum Answered {
    /// YES.
    Approved(ExecutionApproved),
    /// Anything else, or nothing in time.
    Blocked(ExecutionBlocked),
}

/// D, Responsibility Handshake. It runs once there is an answer.
pub async fn responsibility_handshake(
    proposed: Incoming<ExecutionPlanProposed>,
    answer: Answer,
) -> Answered {
    let plan = proposed.into_payload().plan;
    let number = plan.number;
    let blocked = |reason: String| {
        Answered::Blocked(ExecutionBlocked { number, code: "P-04".to_owned(), reason })
    };
    match answer {
        Answer::Yes { by, .. } => Answered::Approved(ExecutionApproved { plan, by }),
        Answer::No { by, answer } => blocked(format!("{answer:?} of {by} is not YES")),
        Answer::Expired => blocked("nobody answered in time".to_owned()),
    }
}

/// What E says.
#[derive(Debug, Emit)]
pub enum Executed {
    /// Every step was done.
    Complete(ExecutionComplete),
    /// A step could not be done.
    Failed(ExecutionFailed),
}

/// E, Tool Executor. It spends the approval and does what was approved, nothing else.
pub async fn tool_executor(
    approved: Incoming<ExecutionApproved>,
    approval: Approved,
    tools: Tools,
    account: Account,
) -> Result<Executed, Fault> {
    let plan: Plan = serde_json::from_str(&approval.text).map_err(Failure::structural)?;
    if plan != approved.plan {
        return Err(Failure::structural("the plan is not the one that was approved").into());
    }
    let number = plan.number;
    let count = plan.steps.len();
    let mut results = Vec::with_capacity(count);
    let mut receipt = Receipt { number, steps: count, done: Vec::new() };
    account.artifact(&receipt)?;
    for (at, step) in plan.steps.into_iter().enumerate() {
        let arguments = serde_json::json!({ "target": step.target, "content": step.content });
        match tools.call(&step.tool, arguments).await {
            Ok(result) => {
                results.push(result);
                receipt.done.push(format!("{} {}", step.tool, step.target));
                account.artifact(&receipt)?;
            }
            Err(ToolError::Denied { code, reason }) => return Err(refusal(code, reason)?.into()),
            Err(ToolError::Lost(reason)) => return Err(Failure::environmental(reason).into()),
            Err(ToolError::NotDone(reason) | ToolError::Unknown(reason)) => {
                let (step, steps, tool) = (at + 1, count, step.tool);
                let failed = ExecutionFailed { number, step, steps, tool, reason };
                return Ok(Executed::Failed(failed));
            }
        }
    }
    Ok(Executed::Complete(ExecutionComplete { number, results }))
}

fn refusal(code: &'static str, reason: String) -> Result<Refusal, Failure> {
    let event = ExecutionRefused { code: code.to_owned(), reason: reason.clone() };
    let output = Output::of(&event).map_err(Failure::structural)?;
    Ok(Refusal { code: code.into(), reason, output: Some(output) })
}

/// F, Audit Stamp Recorder.
pub async fn audit_stamp_recorder(
    complete: Incoming<ExecutionComplete>,
    proofs: Proofs,
) -> Result<ExecutionRecorded, Failure> {
    let proven = proofs.of_cause()?;
    Ok(ExecutionRecorded {
        number: complete.number,
        leaf: proven.leaf,
        leaf_hash: proven.hash.to_string(),
        root: proven.root.to_string(),
        proof: serde_json::to_value(&proven.proof).map_err(Failure::structural)?,
    })
}

/// G, Rollback Covenant Manager. It only plans; finishing fences the tree, and the engine undoes.
pub async fn rollback_covenant_manager(
    failed: Incoming<ExecutionFailed>,
    rollback: Rollback,
) -> Result<CompensationPlanned, Failure> {
    let plan = rollback.undo_tree()?;
    Ok(CompensationPlanned { number: failed.number, plan })
}
