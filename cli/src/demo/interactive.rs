//! A person at the terminal as the approver.

use async_trait::async_trait;
use tokio::io::{AsyncBufReadExt, BufReader};
use wingman_hub::governance::protocol::row::Plan;
use wingman_scenarios::agent_loop::{Answers, events};

use crate::print;

/// Asks on the terminal; only the exact text YES approves, and the demo key signs it.
#[derive(Debug)]
pub(crate) struct Person;

#[async_trait]
impl Answers for Person {
    async fn answer(&self, plan: &Plan) -> Option<String> {
        let body: events::Plan = serde_json::from_str(&plan.text).ok()?;
        print::line(format!(
            "Plan {} for request #{}:",
            plan.digest.0.short(),
            body.number
        ));
        for (at, step) in body.steps.iter().enumerate() {
            print::line(format!("  {} {} {}", at + 1, step.tool, step.target));
        }
        print::line("Answer YES to take responsibility; anything else blocks it.");
        let mut answer = String::new();
        let mut input = BufReader::new(tokio::io::stdin());
        match input.read_line(&mut answer).await {
            // At the end of input nobody will answer any more: that is no YES.
            Ok(_) => Some(answer.trim_end_matches(['\r', '\n']).to_owned()),
            Err(_) => None,
        }
    }
}
