//! `wingman approvals`.

use std::process::ExitCode;

use serde_json::json;
use wingman_hub::governance::audit::SigningKey;
use wingman_hub::governance::governor::decide;
use wingman_hub::governance::handshake::Approver;
use wingman_hub::governance::protocol::YES;
use wingman_hub::governance::protocol::input::Decided;
use wingman_hub::governance::protocol::row::{Decision, Plan};

use crate::arguments::{AnswerArguments, Approvals};
use crate::problem::Problem;
use crate::{open, print};

pub(crate) async fn run(command: Approvals, json: bool) -> Result<ExitCode, Problem> {
    match command {
        Approvals::List { ledger } => list(&ledger.url, json).await,
        Approvals::Approve(arguments) => answer(arguments, YES, json).await,
        Approvals::Deny(arguments) => answer(arguments, "NO", json).await,
    }
}

async fn list(url: &str, json: bool) -> Result<ExitCode, Problem> {
    let ledger = open::ledger(url).await?;
    let plans = ledger.reader().pending_plans()?;
    if json {
        plans.iter().try_for_each(print::json)?;
    } else if plans.is_empty() {
        print::line("no plan waits for an answer");
    }
    for plan in plans.iter().filter(|_| !json) {
        let Plan { digest, role, proposer, tree, text, .. } = plan;
        print::line(format!(
            "{digest}\n  for the role {role}, proposed by {proposer}, in {tree}\n  {text}"
        ));
    }
    ledger.close().await?;
    Ok(ExitCode::SUCCESS)
}

async fn answer(arguments: AnswerArguments, answer: &str, json: bool) -> Result<ExitCode, Problem> {
    let url = &arguments.ledger.url;
    let (ledger, contracts) = open::governed(url, arguments.contracts.as_deref()).await?;
    let key = SigningKey::load(&arguments.key).map_err(Problem::new)?;
    let plan = find(&ledger.reader().pending_plans()?, &arguments.plan)?;
    let name = key.verifier().name().to_string();
    let signed = Approver::new(&name, key).answer(plan.digest, answer);
    let decided = decide(&ledger, &contracts, signed).await?;
    ledger.close().await?;
    let (taken, text) = match decided {
        Decided::Taken(Decision::Approved { by, .. }) => (true, format!("approved by {by}")),
        Decided::Taken(Decision::Denied { by, .. }) => (true, format!("denied by {by}")),
        Decided::Taken(Decision::Pending | Decision::Expired) => (false, "expired".to_owned()),
        Decided::Already(decision) => (false, format!("decided before: {decision:?}")),
        Decided::UnknownPlan => (false, "there is no such plan".to_owned()),
        Decided::NotEntitled { detail } => (false, detail),
    };
    if json {
        print::json(&json!({ "plan": plan.digest, "taken": taken, "result": text }))?;
    } else {
        print::line(format!("plan {}: {text}", plan.digest.0.short()));
    }
    Ok(if taken { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

fn find(plans: &[Plan], start: &str) -> Result<Plan, Problem> {
    let mut found = plans.iter().filter(|plan| plan.digest.to_string().starts_with(start));
    match (found.next(), found.next()) {
        (Some(plan), None) => Ok(plan.clone()),
        (Some(_), Some(_)) => {
            Err(Problem::usage(format!("more than one open plan starts with {start}"))
                .remedy("give more digits"))
        }
        (None, _) => Err(Problem::new(format!("no open plan starts with {start}"))
            .remedy("`wingman approvals list --ledger URL` shows those that wait")),
    }
}
