//! The agent loop on memory: every branch is taken, and editing a contract changes which.

use std::fs;
use std::path::Path;

use tempfile::TempDir;
use wingman_governance::audit::ClaimType;
use wingman_governance::contract::CoherenceForm;
use wingman_governance::protocol::row::{EffectState, Phase, RefusalCode};
use wingman_scenarios::agent_loop::AgentLoop;
use wingman_scenarios::{Folder, Outcome, Report};

use crate::stage::{self, edit, outcome, request};

async fn run(root: &Path) -> Report {
    stage::run(&AgentLoop, root).await
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn every_branch_is_taken_and_the_files_tell_so() {
    let root = TempDir::new().unwrap();
    let report = run(root.path()).await;
    assert_eq!(outcome(&report, 1), Outcome::Completed);
    assert_eq!(outcome(&report, 2), Outcome::Rejected);
    assert_eq!(outcome(&report, 3), Outcome::Denied);
    assert_eq!(outcome(&report, 4), Outcome::Blocked);
    assert_eq!(outcome(&report, 5), Outcome::RolledBack);
    let read = |name: &str| fs::read_to_string(root.path().join("work").join(name)).ok();
    assert_eq!(read("summary.md").as_deref(), Some("All is well.\n"));
    assert_eq!(read("archive.txt").as_deref(), Some("ledger of 2019\n"));
    assert_eq!(read("rates.csv").as_deref(), Some("plan,rate\nbasic,10\n"));
    assert_eq!(read("prices.csv").as_deref(), Some("item,price\ntea,4.00\ncoffee,5.00\n"));
    assert_eq!(read("notice.txt"), None);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_was_done_before_the_failure_is_undone_newest_first() {
    let root = TempDir::new().unwrap();
    let report = run(root.path()).await;
    let request = request(&report, 5);
    let executions = request.trace.executions();
    let executor = executions.iter().find(|it| it.handler == "tool-executor").unwrap();
    let states: Vec<_> = executor
        .effects
        .iter()
        .map(|effect| (effect.tool.as_str(), effect.state.clone()))
        .collect();
    let expected = [
        ("fs.write", EffectState::Compensated),
        ("fs.create", EffectState::Compensated),
        ("notify.send", EffectState::Void),
    ];
    assert_eq!(states, expected);
    let events = request.trace.events();
    let planned = events.iter().find(|it| it.event_type == "CompensationPlanned").unwrap();
    let plan = planned.data.as_ref().unwrap()["plan"]["undos"].clone();
    assert_eq!(plan[0]["tool"], "fs.create");
    assert_eq!(plan[1]["tool"], "fs.write");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_wider_grant_lets_the_denied_request_through() {
    let root = TempDir::new().unwrap();
    Folder::prepare(&AgentLoop, root.path(), None).unwrap();
    edit(root.path(), "fs.remove: write", "fs.remove: delete");
    let report = run(root.path()).await;
    assert_eq!(outcome(&report, 3), Outcome::Completed);
    assert!(!root.path().join("work/archive.txt").exists());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_narrower_scope_rejects_what_was_allowed() {
    let root = TempDir::new().unwrap();
    Folder::prepare(&AgentLoop, root.path(), None).unwrap();
    edit(
        root.path(),
        "done: ExecutionComplete }",
        "disallowed: [create], done: ExecutionComplete }",
    );
    edit(root.path(), "fs.create: write, ", "");
    let report = run(root.path()).await;
    assert_eq!(outcome(&report, 1), Outcome::Rejected);
    assert!(!root.path().join("work/summary.md").exists());
}

/// P-05: a plan says what it is worth, the executor hands in its receipt, and a contract that asks for
/// more than a handler gives refuses it.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn plans_say_what_they_are_worth_and_the_executor_hands_in_a_receipt() {
    let root = TempDir::new().unwrap();
    let report = run(root.path()).await;
    let request = request(&report, 5);
    let executions = request.trace.executions();
    let of = |handler: &str| *executions.iter().find(|it| it.handler == handler).unwrap();
    let said = of("execution-proposal-generator").coherence.as_ref().unwrap();
    assert_eq!(said.form, CoherenceForm::Full);
    assert_eq!(said.coherence.claim, Some(ClaimType::Recommendation));
    let receipt = of("tool-executor").artifact.as_ref().unwrap();
    assert_eq!(receipt.name, "execution-receipt");
    // The third step failed: the receipt tells of the two before it.
    let done = serde_json::json!(["fs.write prices.csv", "fs.create notice.txt"]);
    assert_eq!(receipt.document["done"], done);
    assert!(executions.iter().filter(|it| it.coherence.is_some()).count() == 1);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_contract_that_asks_for_more_than_a_handler_gives_refuses_it() {
    let root = TempDir::new().unwrap();
    Folder::prepare(&AgentLoop, root.path(), None).unwrap();
    edit(root.path(), "handler: scope-filter\n", "handler: scope-filter\ncoherence: full\n");
    let report = run(root.path()).await;
    for request in &report.requests {
        assert_eq!(request.outcome, Outcome::Refused);
        let executions = request.trace.executions();
        assert_eq!(executions.len(), 1, "nothing follows from what was refused");
        assert_eq!(executions[0].phase, Phase::Refused { code: RefusalCode::Audit });
        let why = executions[0].refusal.as_deref().unwrap();
        assert_eq!(why, "scope-filter gives no coherence, and its contract asks for full");
    }
}

/// A and B only say early what the gate decides: with a rule that cannot be met, the gate itself
/// refuses at E.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_ordering_rule_is_judged_at_the_executor() {
    let root = TempDir::new().unwrap();
    Folder::prepare(&AgentLoop, root.path(), None).unwrap();
    edit(
        root.path(),
        "requires_approval: /plan",
        "ordering: [ { chain: [UserRequestReceived, ExecutionApproved], key: correlation } ]\nrequires_approval: /plan",
    );
    let report = run(root.path()).await;
    for number in [1, 5] {
        assert_eq!(outcome(&report, number), Outcome::Refused);
        let request = request(&report, number);
        let executions = request.trace.executions();
        let executor = executions.iter().find(|it| it.handler == "tool-executor").unwrap();
        assert_eq!(executor.phase, Phase::Refused { code: RefusalCode::Order });
        assert!(executor.effects.is_empty());
    }
}
