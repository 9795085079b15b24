//! The agent event loop: a request is filtered by scope and permission, planned, put before a person,
//! executed, recorded, and undone if it fails. Seven handlers, five requests at once.

pub mod events;
pub mod handlers;
mod interpret;
mod script;

use std::path::Path;
use std::sync::Arc;

use serde_json::json;
use wingman_governance::audit::trace::Trace;
use wingman_governance::governor::Governor;
use wingman_governance::protocol::row::{FenceState, Phase};

use crate::approver::Answers;
use crate::report::Outcome;
use crate::run::RunError;
use crate::scenario::{Begin, Files, Scenario};
use crate::tools::{FileAction, FileTool, Notify, closed_port};

/// The handlers A to G.
const HANDLERS: [&str; 7] = [
    "scope-filter",
    "permission-boundary-filter",
    "execution-proposal-generator",
    "responsibility-handshake",
    handlers::EXECUTOR,
    "audit-stamp-recorder",
    "rollback-covenant-manager",
];

const CONTRACTS: [(&str, &str); 4] = [
    ("events.yaml", include_str!("contracts/events.yaml")),
    ("handlers.yaml", include_str!("contracts/handlers.yaml")),
    ("schemas/request.json", include_str!("contracts/schemas/request.json")),
    ("schemas/receipt.json", include_str!("contracts/schemas/receipt.json")),
];

/// The agent event loop.
#[derive(Debug, Clone, Copy)]
pub struct AgentLoop;

impl Scenario for AgentLoop {
    fn name(&self) -> &'static str {
        "agent-loop"
    }

    fn introduction(&self) -> &'static str {
        "5 requests at once. Handlers are scripted code; tools, files and ledger are real."
    }

    fn requests(&self) -> &'static [&'static str] {
        &interpret::REQUESTS
    }

    fn begin(&self, number: usize, _: &str) -> Begin {
        Begin {
            event_type: "UserRequestReceived",
            body: json!({ "number": number, "text": interpret::REQUESTS[number - 1] }),
            sequence: None,
            arrives_first: false,
        }
    }

    fn handlers(&self) -> &'static [&'static str] {
        &HANDLERS
    }

    fn event_types(&self) -> &'static [&'static str] {
        &events::EVENT_TYPES
    }

    fn files(&self) -> Files {
        Files {
            contracts: &CONTRACTS,
            folders: &[],
            work: &interpret::FILES,
            made: &interpret::MADE,
        }
    }

    fn govern(&self, governor: Governor, work: &Path) -> Result<Governor, RunError> {
        let files = |action| FileTool { folder: work.to_owned(), action };
        Ok(governor
            .tool("fs.create", files(FileAction::Create))
            .tool("fs.write", files(FileAction::Write))
            .tool("fs.remove", files(FileAction::Remove))
            .tool("notify.send", Notify { address: closed_port()? })
            .handle(HANDLERS[0], handlers::scope_filter)
            .handle(HANDLERS[1], handlers::permission_boundary_filter)
            .handle(HANDLERS[2], handlers::execution_proposal_generator)
            .handle(HANDLERS[3], handlers::responsibility_handshake)
            .handle(HANDLERS[4], handlers::tool_executor)
            .handle(HANDLERS[5], handlers::audit_stamp_recorder)
            .handle(HANDLERS[6], handlers::rollback_covenant_manager))
    }

    fn script(&self) -> Option<Arc<dyn Answers>> {
        Some(Arc::new(script::Script))
    }

    /// It follows from which events the tree holds, and from its fence.
    fn outcome(&self, trace: &Trace) -> Outcome {
        if trace.fence == Some(FenceState::Closed) {
            return Outcome::RolledBack;
        }
        let events = trace.events();
        let by_event = [
            ("ExecutionRecorded", Outcome::Completed),
            ("RequestRejected", Outcome::Rejected),
            ("PermissionDenied", Outcome::Denied),
            ("ExecutionBlocked", Outcome::Blocked),
            ("ExecutionRefused", Outcome::Refused),
        ];
        let found = by_event.iter().find(|(ty, _)| events.iter().any(|it| it.event_type == *ty));
        let refused = || {
            let executions = trace.executions();
            executions.iter().any(|it| matches!(it.phase, Phase::Refused { .. }))
        };
        match found {
            Some((_, outcome)) => *outcome,
            // A handler whose contract names no event of refusal.
            None if refused() => Outcome::Refused,
            None => Outcome::Unfinished,
        }
    }

    fn refusal_types(&self) -> &'static [&'static str] {
        &["RequestRejected", "PermissionDenied", "ExecutionBlocked"]
    }
}
