//! The demo's approver: a script where a real system has a person.

use async_trait::async_trait;
use wingman_governance::protocol::row::Plan;

use crate::approver::Answers;

/// A sloppy "ok" to request 4, YES to everything else.
#[derive(Debug, Clone, Copy)]
pub(super) struct Script;

#[async_trait]
impl Answers for Script {
    async fn answer(&self, plan: &Plan) -> Option<String> {
        let body: super::events::Plan = serde_json::from_str(&plan.text).ok()?;
        Some(if body.number == 4 { "ok" } else { "YES" }.to_owned())
    }
}
